// Changes: what `update` is given.

var UPDATES = {
  set: '$set', remove: '$unset', inc: '$inc', mul: '$mul', min: '$min', max: '$max', rename: '$rename', bit: '$bit',
  push: '$push', unshift: '$push', pop: '$pop', shift: '$pop', addToSet: '$addToSet', pull: '$pull', pullAll: '$pullAll'
}

// Returns what `update` was given as operators.
function changes(data) {
  var result = {}
  function put(operator, path, value) {
    if (!result[operator]) result[operator] = {}
    result[operator][path] = value
  }
  function walk(path, value, above) {
    if (value instanceof Command) {
      if (value.kind !== 'update') throw misuse(-401003, '`' + path + '` holds a command that is not for updates')
      return put(value.operator, path, value.change())
    }
    if (above.indexOf(value) >= 0) throw misuse(-402001, 'the data refers to itself')
    if (value && isPlain(value) && Object.keys(value).length > 0) {
      return Object.keys(value).forEach(function (key) {
        walk(path ? path + '.' + key : key, value[key], above.concat([value]))
      })
    }
    var encoded = encode(value)
    if (encoded !== undefined && path) put('$set', path, encoded)
  }
  walk('', data, [])
  return result
}

function update(name) {
  return function () {
    var command = new Command('update', UPDATES[name], Array.prototype.slice.call(arguments))
    command.name = name
    return command
  }
}

// Returns the value beside an operator of an update.
Command.prototype.change = function () {
  var first = this.operands[0]
  switch (this.name) {
    case 'remove':
      return ''
    case 'pop':
      return 1
    case 'shift':
      return -1
    case 'push':
    case 'unshift':
      var modifiers = {}
      if (this.operands.length === 1 && isPlain(first) && Array.isArray(first.each)) {
        modifiers = { $each: encode(first.each) }
        ;['position', 'slice', 'sort'].forEach(function (name) {
          if (first[name] !== undefined) modifiers['$' + name] = first[name]
        })
      } else {
        modifiers = { $each: encode(flat(this.operands)) }
      }
      if (this.name === 'unshift') modifiers.$position = 0
      return modifiers
    case 'addToSet':
      if (isPlain(first) && Array.isArray(first.$each || first.each)) return { $each: encode(first.$each || first.each) }
      return encode(first)
    case 'pull':
      if (first instanceof Command) return first.operators()
      return isPlain(first) ? condition(first) : encode(first)
    default:
      return encode(first)
  }
}
