// Search without a server. On a page opened from disk browsers start no Worker, which Material's
// search runs in. This runs the same script in a hidden frame, and passes messages both ways.
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.frame.srcdoc = `<script src="${new URL(url, location)}"></scr` + "ipt>"
      this.inside = new Promise(resolve => {
        this.frame.onload = () => resolve(this.frame.contentWindow)
      })
      this.inside.then(inside => {
        inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
      })
      document.body.append(this.frame)
    }
    postMessage(data) {
      this.inside.then(inside => inside.dispatchEvent(new MessageEvent("message", { data })))
    }
    terminate() { this.frame.remove() }
  }
  window.Worker = window.IFrameWorker
}
