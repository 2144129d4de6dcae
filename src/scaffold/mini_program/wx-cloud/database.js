// `cloud.database()`.

// The most documents of one answer.
var READ_LIMIT = 20

function Database(session, realtime) {
  this.config = { env: session.env }
  this.command = commands()
  this.Geo = Geo
  this.serverDate = function (options) {
    return new ServerDate(options)
  }
  this.RegExp = function (options) {
    return new DatabaseRegExp(options)
  }
  this.session = session
  this.realtime = realtime
}

Database.prototype.collection = function (name) {
  if (typeof name !== 'string' || name === '') throw failure(-401003, 'database.collection:fail the name of a collection must be a string')
  return new Collection(this, name, {})
}
