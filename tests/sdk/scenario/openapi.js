// Asks WeChat through wx-server-sdk, and tells what the SDK made of the answer.

const plain = (answer) => (answer.buffer ? { ...answer, buffer: answer.buffer.toString('base64') } : answer)

module.exports = async (cloud, { method, data, media }) => {
  const [group, name] = method.split('.')
  const work = {
    getOpenData: () => cloud.getOpenData(data),
    unifiedOrder: () => cloud.cloudPay.unifiedOrder(data)
  }[method] || (() => cloud.openapi[group][name](media
    ? { media: { contentType: 'image/png', value: Buffer.from(media, 'base64') } }
    : data))
  try {
    return { answer: plain(await work()) }
  } catch (error) {
    return { errCode: error.errCode, errMsg: error.errMsg || error.message }
  }
}
