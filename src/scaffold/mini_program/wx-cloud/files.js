// Files: stored, fetched, removed.

function uploadFile(session, options) {
  var task = new Task()
  var done = run('cloud.uploadFile', options, function () {
    options = options || {}
    wanted(options, 'cloudPath', 'string')
    wanted(options, 'filePath', 'string')
    var path = options.cloudPath
    return session.ask('storage.getUploadMetadata', { path: path }).then(function (answer) {
      var place = answer.data
      return task
        .transfer('cloud.uploadFile', function (callbacks) {
          return session.wx.uploadFile(
            assign(callbacks, {
              url: place.url,
              filePath: options.filePath,
              name: 'file',
              header: options.header || {},
              formData: {
                key: path,
                signature: place.authorization,
                'x-cos-meta-fileid': place.cosFileId,
                'x-cos-security-token': place.token
              }
            })
          )
        })
        .then(function (response) {
          if (response.statusCode >= 300) throw refusal({ code: 'STORAGE_REQUEST_FAIL', message: String(response.data) })
          return { fileID: place.fileId, statusCode: response.statusCode }
        })
    })
  })
  return done || task
}

function downloadFile(session, options) {
  var task = new Task()
  var done = run('cloud.downloadFile', options, function () {
    options = options || {}
    wanted(options, 'fileID', 'string')
    return links(session, [{ fileid: options.fileID }]).then(function (list) {
      if (list[0].code !== 'SUCCESS') throw refusal({ code: list[0].code, message: list[0].message || 'storage file not exists' })
      return task
        .transfer('cloud.downloadFile', function (callbacks) {
          return session.wx.downloadFile(assign(callbacks, { url: encodeURI(list[0].download_url) }))
        })
        .then(function (response) {
          return { tempFilePath: response.tempFilePath, statusCode: response.statusCode }
        })
    })
  })
  return done || task
}

function getTempFileURL(session, options) {
  return run('cloud.getTempFileURL', options, function () {
    var asked = listOf(options).map(function (it) {
      return typeof it === 'string' ? { fileid: it } : { fileid: it.fileID, max_age: it.maxAge }
    })
    return links(session, asked).then(function (list) {
      return {
        fileList: list.map(function (it, at) {
          var found = it.code === 'SUCCESS'
          return {
            fileID: it.fileid || it.fileID,
            tempFileURL: it.download_url || '',
            maxAge: asked[at].max_age || 7200,
            status: found ? 0 : codeOf(it.code),
            errMsg: found ? 'ok' : nameOf(it.code)
          }
        })
      }
    })
  })
}

function deleteFile(session, options) {
  return run('cloud.deleteFile', options, function () {
    return session.ask('storage.batchDeleteFile', { fileid_list: listOf(options) }).then(function (answer) {
      return {
        fileList: answer.data.delete_list.map(function (it) {
          var done = it.code === 'SUCCESS'
          return { fileID: it.fileID, status: done ? 0 : codeOf(it.code), errMsg: done ? 'ok' : nameOf(it.code) }
        })
      }
    })
  })
}

function links(session, asked) {
  return session.ask('storage.batchGetDownloadUrl', { file_list: asked }).then(function (answer) {
    return answer.data.download_list
  })
}

function codeOf(code) {
  return (CODES[code] || SYSTEM_ERROR)[0]
}

function nameOf(code) {
  return (CODES[code] || SYSTEM_ERROR)[1]
}

function listOf(options) {
  var list = options && options.fileList
  if (!Array.isArray(list)) throw misuse(-401003, 'parameter.fileList should be array instead of ' + kindOf(list))
  if (list.length > 50) throw misuse(-401002, 'parameter.fileList may have 50 items at most')
  return list
}

function wanted(options, name, type) {
  if (typeof options[name] !== type || options[name] === '') {
    throw misuse(-401003, 'parameter.' + name + ' should be ' + type + ' instead of ' + kindOf(options[name]))
  }
}
