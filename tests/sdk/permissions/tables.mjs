// Who may do what, as tables: one answer for every client. A number is how many documents there were, `-` is a denial.

/** A permission of documents, and for each of alice, bob, a guest and the admin what `OPERATIONS` answer, in their order. */
export const DOCUMENTS = [
  ['READONLY', '1 2 1 1 1 1', '1 2 1 1 0 0', '1 2 0 1 0 0'],
  ['PRIVATE', '1 1 1 1 1 1', '0 0 1 1 0 0', '0 0 0 1 0 0'],
  ['ADMINWRITE', '1 2 1 - - -', '1 2 1 - - -', '1 2 0 - - -'],
  ['ADMINONLY', '- - - - - -', '- - - - - -', '- - - - - -'],
  [{ read: true, write: 'doc._openid == auth.openid' }, '1 2 1 1 1 1', '1 2 1 1 - -', '1 2 0 - - -'],
  [{ read: 'doc._openid == auth.openid', write: 'auth.openid != null && doc._openid == auth.openid' }, '1 - 1 1 1 1', '- - 1 1 - -', '- - - - - -'],
  [{ read: 'auth != null', write: false }, '1 2 1 - - -', '1 2 1 - - -', '1 2 0 - - -'],
  [{ read: 'doc.pub == true || doc._openid == auth.openid', create: 'auth != null', update: 'doc._openid == auth.openid' }, '1 2 1 1 1 -', '1 2 1 1 - -', '1 2 - 1 - -'],
  [{ read: 'doc.n > 10', write: 'doc.n > 10' }, '1 - - 1 1 1', '1 - - 1 1 1', '1 - - 1 1 1'],
  [{ read: "auth.loginType != 'ANONYMOUS' && auth != null", write: 'request.data.n == undefined || request.data.n == doc.n' }, '1 2 1 1 1 1', '1 2 1 1 1 1', '- - - 1 1 1'],
  [{ read: "(auth.openid in get('database.rooms.main').members) || (auth.uid in get('database.rooms.main').members)" }, '1 2 1 - - -', '- - - - - -', '1 2 0 - - -'],
  [{ read: "now > 0 && doc._id == 'a'", delete: 'doc.pub' }, '1 - - - - 1', '1 - - - - 1', '1 - - - - 1'],
].map(([permission, ...people]) => [permission, [...people, '1 2 0 1 1 1']])

/** What is asked of these, by the names that `clients.mjs` knows. */
export const OPERATIONS = ['byId', 'query', 'aggregate', 'create', 'update', 'remove']
export const STORED = [{ _id: 'a', _openid: 'o-alice1', pub: true, n: 15 }, { _id: 'b', _openid: 'o-bob2', pub: false, n: 5 }, { _id: 's', pub: true, n: 12 }]

/** A permission of files, and whether each person may read alice's file, write it, one of their own and the admin's, and remove
 * hers, which is writing as well. */
export const FILES = [
  ['READONLY', 'y yy-', 'y -y-', 'y -y-'],
  ['PRIVATE', 'y yy-', '- -y-', '- -y-'],
  ['ADMINWRITE', 'y ---', 'y ---', 'y ---'],
  ['ADMINONLY', '- ---', '- ---', '- ---'],
  [{ read: true, write: 'resource.openid == auth.openid || resource.openid == auth.uid' }, 'y yy-', 'y -y-', 'y -y-'],
  [{ read: 'auth != null', write: false }, 'y ---', 'y ---', 'y ---'],
  [{ write: "auth.loginType != 'ANONYMOUS' && auth != null" }, '- yyy', '- yyy', '- ---'],
].map(([permission, ...people]) => [permission, [...people, 'y yyy'].map((row) => row + row[2])])

/** Rules of functions, and whether each person may call `echo` and `whoami`. */
export const FUNCTIONS = [
  [{ '*': { invoke: true } }, 'yy', 'yy', 'yy'],
  [{ '*': { invoke: true }, echo: { invoke: "auth.loginType != 'ANONYMOUS' && auth != null" }, whoami: { invoke: false } }, 'y-', 'y-', '--'],
  [{ '*': { invoke: false }, echo: { invoke: 'auth != null' } }, 'y-', 'y-', 'y-'],
].map(([permission, ...people]) => [permission, [...people, 'yy']])
