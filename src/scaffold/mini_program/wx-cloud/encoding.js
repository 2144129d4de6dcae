// Values as they travel, Extended JSON, and back.

function isPlain(value) {
  return Object.prototype.toString.call(value) === '[object Object]' && !isSpecial(value)
}

function isSpecial(value) {
  return value instanceof Command || value instanceof ServerDate || value instanceof DatabaseRegExp || value.isGeo === true
}

// Returns a value as it travels; `above` are the objects it lies in.
function encode(value, above) {
  if (value === null || typeof value !== 'object') return isFunction(value) ? undefined : value
  var kind = Object.prototype.toString.call(value)
  if (kind === '[object Date]') return { $date: value.getTime() }
  if (kind === '[object RegExp]') return { $regex: value.source, $options: value.flags || regExpFlags(value) }
  if (value instanceof ServerDate) return { $date: { offset: value.offset } }
  if (value instanceof DatabaseRegExp) return { $regex: value.regexp, $options: value.options }
  if (value.isGeo === true) return value.toJSON()
  if (value instanceof Command) return value.expression(above)
  above = above || []
  if (above.indexOf(value) >= 0) throw misuse(-402001, 'the data refers to itself')
  above = above.concat([value])
  if (Array.isArray(value)) {
    return value.map(function (it) {
      var encoded = encode(it, above)
      return encoded === undefined ? null : encoded
    })
  }
  var result = {}
  Object.keys(value).forEach(function (key) {
    var encoded = encode(value[key], above)
    if (encoded !== undefined) result[key] = encoded
  })
  return result
}

function regExpFlags(regExp) {
  return (regExp.ignoreCase ? 'i' : '') + (regExp.multiline ? 'm' : '')
}

function number(text) {
  return { Infinity: Infinity, '-Infinity': -Infinity, NaN: NaN }[text] || Number(text)
}

// Returns an answered value as the mini program sees it.
function decode(value) {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(decode)
  var keys = Object.keys(value)
  if (keys.length === 1) {
    switch (keys[0]) {
      case '$date':
        var date = decode(value.$date)
        return new Date(date)
      case '$numberInt':
      case '$numberLong':
      case '$numberDouble':
      case '$numberDecimal':
        return number(value[keys[0]])
      case '$oid':
        return value.$oid
      case '$timestamp':
        return new Date((value.$timestamp.t || value.$timestamp) * 1000)
    }
  }
  if (keys.length === 2 && Array.isArray(value.coordinates) && has(Geo, value.type)) {
    return Geo[value.type].fromCoordinates(decode(value.coordinates))
  }
  var result = {}
  keys.forEach(function (key) {
    result[key] = decode(value[key])
  })
  return result
}
