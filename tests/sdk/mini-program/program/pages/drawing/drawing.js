Page({
  data: { ready: Promise.resolve(), format: (number) => number.toFixed(2), size: {} },

  async onLoad() {
    const { authSetting } = await wx.getSetting()
    if (!authSetting['scope.userInfo']) return
    const canvas = wx.createCanvasContext('board', this)
    canvas.setFillStyle('red').fillRect(0, 0, 10, 10)
    wx.createSelectorQuery().in(this).select('#board').boundingClientRect().exec()
    this.player = wx.getBackgroundAudioManager()
    this.player.title = 'A song'
    this.player.stop()
    this.selectComponent('#toast')?.show()
    this.getTabBar().init()
    requirePlugin('songs').load()
    const { windowWidth } = await wx.getSystemInfo()
    this.setData({ 'size.width': windowWidth })
  }
})
