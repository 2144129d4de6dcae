// The same function as a Worker.
import { main } from './hello'

export default {
  fetch: async (request) => Response.json(await main(await request.json()))
}
