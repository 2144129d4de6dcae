// The page is there already, and its SDK with it.

export const openPage = async () => {}
export const browserBuild = () => window.sdk
