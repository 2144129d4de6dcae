// Errors: what a call fails with, in the platform's numbers and words.

// What the platform calls a code, and its number. A code that is not here is -501001.
var CODES = {
  INVALID_PARAM: [-501007, 'invalid parameters'],
  INVALID_ENV: [-501000, 'Environment not found'],
  DATABASE_REQUEST_FAILED: [-502001, 'database request fail'],
  DATABASE_DUPLICATE_WRITE: [-502001, 'database request fail'],
  DATABASE_INVALID_OPERRATOR: [-502002, 'database invalid operator'],
  DATABASE_PERMISSION_DENIED: [-502003, 'database permission denied'],
  DATABASE_COLLECTION_NOT_EXIST: [-502005, 'database collection not exists'],
  STORAGE_REQUEST_FAIL: [-503001, 'storage request fail'],
  STORAGE_EXCEED_AUTHORITY: [-503002, 'storage permission denied'],
  STORAGE_FILE_NONEXIST: [-503003, 'storage file not exists'],
  STORAGE_SIGN_PARAM_INVALID: [-503004, 'storage signature invalid'],
  FUNCTION_NOT_FOUND: [-501000, ''],
  FUNCTIONS_REQUEST_FAIL: [-504001, 'functions request fail'],
  FUNCTIONS_EXECUTE_FAIL: [-504002, 'functions execute fail'],
  FUNCTION_INVOCATION_FAILED: [-504002, 'functions execute fail'],
  FUNCTIONS_TIME_LIMIT_EXCEEDED: [-504003, 'functions time limit exceeded'],
  FUNCTION_TIME_LIMIT_EXCEEDED: [-504003, 'functions time limit exceeded'],
  EXCEED_AUTHORITY: [-501023, 'permission denied'],
  PERMISSION_DENIED: [-501023, 'permission denied']
}
var SYSTEM_ERROR = [-501001, 'resource system error']

// An error of the shape every wx.cloud call fails with.
function failure(errCode, errMsg) {
  var error = new Error(errMsg)
  error.errCode = errCode
  error.errMsg = errMsg
  return error
}

// Something the caller did wrong, told without asking the server.
function misuse(errCode, message) {
  var error = new Error(message)
  error.cloudkit = { errCode: errCode, text: message }
  return error
}

// An answer {code, message} of the server.
function refusal(answer) {
  var error = new Error(answer.message)
  error.cloudkit = { code: answer.code, text: answer.message || '', requestID: answer.requestId }
  return error
}

// Puts an error into the words of the call that failed: `collection.get:fail -502005 … | errMsg: …`.
function told(api, error) {
  if (error && error.errMsg && error.errCode !== undefined) return error
  var known = (error && error.cloudkit) || { errCode: -1, text: String((error && (error.errMsg || error.message)) || error) }
  if (known.errCode !== undefined) return failure(known.errCode, api + ':fail ' + known.text)
  var named = CODES[known.code] || SYSTEM_ERROR
  var name = named[1] ? ' ' + named[1] : ''
  var lead = api.indexOf('cloud.') === 0 ? ':fail Error: errCode: ' : ':fail '
  var text = known.code === 'FUNCTION_NOT_FOUND' ? 'FunctionName parameter could not be found' : known.text
  var result = failure(named[0], api + lead + named[0] + name + ' | errMsg: ' + text)
  if (known.requestID) result.requestID = known.requestID
  return result
}

// Returns what `work` returns; misuse is told in the words of the call.
function spoken(api, work) {
  try {
    return work()
  } catch (error) {
    throw told(api, error)
  }
}
