// Logging in, which the generations say in two ways.

const auths = new WeakMap()

// Each call of `auth()` makes another object in some generations.
export function auth(app) {
  if (!auths.has(app)) auths.set(app, app.auth({ persistence: 'local' }))
  return auths.get(app)
}

// js-sdk 2 and 3: /auth/v1.
export const oauth = {
  file: (text) => new File([text], 'a.txt', { type: 'text/plain' }),
  async anonymous(app) {
    await auth(app).signInAnonymously()
    return this.uid(app)
  },
  uid: async (app) => (await auth(app).getLoginState())?.user?.uid,
  async ticket(app, make) {
    await auth(app).signInWithCustomTicket(async () => make())
    return this.uid(app)
  },
  signOut: (app) => auth(app).signOut(),
}

// js-sdk 2 refreshes by the page's clock, which nobody moved.
export const refresh = (app) => auth(app).refreshTokenForce({})

// js-sdk 1 and tcb-js-sdk: actions of /web.
export const actions = {
  file: (text) => new File([text], 'a.txt', { type: 'text/plain' }),
  async anonymous(app) {
    await auth(app).anonymousAuthProvider().signIn()
    return this.uid(app)
  },
  uid: async (app) => (await auth(app).getUserInfo())?.uid,
  async ticket(app, make) {
    await auth(app).customAuthProvider().signIn(await make())
    return this.uid(app)
  },
  signOut: (app) => auth(app).signOut(),
}
