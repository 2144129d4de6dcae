// Answers what it was asked; needs no SDK and no package.json.
exports.main = async (event) => {
  if (event.fail) throw new Error(event.fail)
  const { userInfo, tcbContext, ...data } = event
  return data
}
