// Aggregations: stages, one after the other.

var STAGES = [
  'addFields', 'bucket', 'bucketAuto', 'count', 'geoNear', 'group', 'limit', 'lookup', 'match', 'project', 'replaceRoot',
  'sample', 'skip', 'sort', 'sortByCount', 'unwind'
]

function Pipeline(collection) {
  this.collection = collection
  this.stages = []
}

STAGES.forEach(function (name) {
  Pipeline.prototype[name] = function (value) {
    var written = spoken('aggregate.' + name, function () {
      if (name === 'match') refuseRound(value, [])
      return stage(name, value)
    })
    this.stages.push({ key: '$' + name, value: written })
    return this
  }
})

function stage(name, value) {
  switch (name) {
    case 'match':
      return condition(value)
    case 'sample':
      return encode(typeof value === 'number' ? { size: value } : value)
    case 'geoNear':
      var near = encode(value)
      if (value.query) near.query = condition(value.query)
      return near
    case 'lookup':
      var lookup = assign({}, value)
      if (lookup.pipeline instanceof Pipeline) lookup.pipeline = lookup.pipeline.done()
      return encodeLookup(lookup)
    default:
      return encode(value)
  }
}

// A pipeline inside is encoded already.
function encodeLookup(lookup) {
  var pipeline = lookup.pipeline
  delete lookup.pipeline
  var encoded = encode(lookup)
  if (pipeline) encoded.pipeline = pipeline
  return encoded
}

// Ends a pipeline that is part of a `lookup`.
Pipeline.prototype.done = function () {
  return this.stages.map(function (it) {
    var stage = {}
    stage[it.key] = it.value
    return stage
  })
}

Pipeline.prototype.end = function (options) {
  var collection = this.collection
  var stages = this.stages.slice()
  var limited = stages.some(function (it) {
    return it.key === '$limit'
  })
  if (!limited) stages.push({ key: '$limit', value: READ_LIMIT })
  return run('collection.aggregate', options, function () {
    var written = stages.map(function (it) {
      return { stageKey: it.key, stageValue: JSON.stringify(it.value) }
    })
    return collection.session.ask('database.aggregate', { collectionName: collection.collectionName, stages: written }).then(function (answer) {
      var list = answer.data.list
      if (typeof list === 'string') list = JSON.parse(list)
      return {
        list: list.map(function (it) {
          return decode(typeof it === 'string' ? JSON.parse(it) : it)
        })
      }
    })
  })
}
