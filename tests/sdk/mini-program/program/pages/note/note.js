import { callEcho } from '../../utils/echo.js'

const app = getApp()

Page({
  data: { note: { title: '' }, history: [] },

  async onLoad({ id }) {
    wx.showLoading({ title: '…' })
    const { title } = await callEcho({ title: 'echoed' })
    app.globalData.history.push(id)
    this.setData({ 'note.title': title, 'history[0]': id })
    wx.hideLoading()
  }
})
