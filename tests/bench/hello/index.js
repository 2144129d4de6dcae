exports.main = async (event) => ({ hello: event.name || 'world' })
