// Sends this page's requests of the CloudBase cloud to the cloudkit emulator that served this script. Load it before
// the page's own scripts: <script src="http://127.0.0.1:PORT/__cloudkit/redirect.js"></script>
(() => {
  'use strict'
  const script = document.currentScript
  const here = new URL((script && script.src) || location.href).host
  // Hosts that @cloudbase/js-sdk and tcb-js-sdk ask; addresses for files are handed out by the emulator itself.
  const cloud =
    /^(https?:|wss?:)?\/\/(?:(?:[a-z0-9-]+\.[a-z0-9-]+\.)?tcb-api\.tencentcloudapi\.com|[a-z0-9-]+\.api\.(?:intl\.)?tcloudbasegateway\.com|(?:[a-z0-9-]+\.)*tcb-ws\.tencentcloudapi\.com)(?::\d+)?(?=[/?#]|$)/i

  const redirected = (url) =>
    String(url).replace(cloud, (_, scheme) => (/^ws/i.test(scheme || '') ? 'ws:' : 'http:') + '//' + here)

  const { fetch, XMLHttpRequest, WebSocket } = window
  if (fetch) {
    window.fetch = function (input, init) {
      if (typeof Request === 'function' && input instanceof Request) {
        const to = redirected(input.url)
        return fetch.call(this, to === input.url ? input : new Request(to, input), init)
      }
      return fetch.call(this, redirected(input), init)
    }
  }
  if (XMLHttpRequest) {
    const { open } = XMLHttpRequest.prototype
    XMLHttpRequest.prototype.open = function (method, url, ...rest) {
      return open.call(this, method, redirected(url), ...rest)
    }
  }
  if (WebSocket) {
    window.WebSocket = new Proxy(WebSocket, {
      construct: (target, [url, ...rest]) => new target(redirected(url), ...rest),
    })
  }
})()
