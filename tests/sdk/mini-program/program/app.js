App({
  onLaunch() {
    wx.cloud.init({ env: 'cloud-1', traceUser: true })
    wx.setStorageSync('started', true)
    this.globalData = { history: [] }
  }
})
