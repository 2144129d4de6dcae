// The kinds of Geo, each with the name of what it is made of and the depth of its coordinates.
var Geo = {}

function GeoPoint(longitude, latitude) {
  if (!(this instanceof GeoPoint)) return new GeoPoint(longitude, latitude)
  if (longitude && Array.isArray(longitude.coordinates)) {
    latitude = longitude.coordinates[1]
    longitude = longitude.coordinates[0]
  }
  if (typeof longitude !== 'number' || Math.abs(longitude) > 180) throw new Error('longitude must be a number between -180 and 180')
  if (typeof latitude !== 'number' || Math.abs(latitude) > 90) throw new Error('latitude must be a number between -90 and 90')
  this.longitude = longitude
  this.latitude = latitude
}
GeoPoint.prototype.coordinates = function () {
  return [this.longitude, this.latitude]
}
GeoPoint.fromCoordinates = function (coordinates) {
  return new GeoPoint(coordinates[0], coordinates[1])
}
geoKind('Point', GeoPoint)

function geoKind(type, kind) {
  kind.prototype.toJSON = function () {
    return { type: type, coordinates: this.coordinates() }
  }
  kind.prototype.toString = function () {
    return JSON.stringify(this.toJSON())
  }
  kind.prototype.isGeo = true
  Geo[type] = kind
}

function geoListOf(type, field, part) {
  function Kind(parts) {
    if (!(this instanceof Kind)) return new Kind(parts)
    this[field] = Array.isArray(parts.coordinates) ? parts.coordinates.map(part.fromCoordinates) : parts
  }
  Kind.prototype.coordinates = function () {
    return this[field].map(function (it) {
      return it.coordinates()
    })
  }
  Kind.fromCoordinates = function (coordinates) {
    return new Kind(coordinates.map(part.fromCoordinates))
  }
  geoKind(type, Kind)
}
geoListOf('MultiPoint', 'points', GeoPoint)
geoListOf('LineString', 'points', GeoPoint)
geoListOf('MultiLineString', 'lines', Geo.LineString)
geoListOf('Polygon', 'lines', Geo.LineString)
geoListOf('MultiPolygon', 'polygons', Geo.Polygon)
