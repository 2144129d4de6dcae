export const callEcho = (data) => wx.cloud.callFunction({ name: 'echo', data }).then(({ result }) => result)
