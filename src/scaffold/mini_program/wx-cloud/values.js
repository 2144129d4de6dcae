// Values that are not plain data.

function ServerDate(options) {
  this.offset = (options && options.offset) || 0
}

function DatabaseRegExp(options) {
  this.regexp = options.regexp
  this.options = options.options || ''
}

function CloudID(id) {
  if (!(this instanceof CloudID)) return new CloudID(id)
  this.cloudID = id
}

function CDN(target) {
  if (!(this instanceof CDN)) return new CDN(target)
  this.target = target
}
