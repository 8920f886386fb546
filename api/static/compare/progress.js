// Where a comparison stands, and for how long: by this browser's clock while it goes on, by the API's once it is known.
import { chip } from "../chips.js";
import { h } from "../elements.js";
import { duration, secondsBetween } from "../times.js";

/** A list of states; `stop` it. `tell(job)` when the API has said something new. */
export class Progress {
  constructor(place, size) {
    this.place = place;
    this.size = size;
    this.began = this.changed = performance.now();
    this.timer = setInterval(() => this.tick(), 100);
    this.draw();
  }

  tell(job) {
    if (job.status !== this.job?.status) this.changed = performance.now();
    if (!this.job) this.sent = (performance.now() - this.began) / 1000;
    this.job = job;
    if (job.ended_at) this.stop();
    this.draw();
  }

  stop() { clearInterval(this.timer); }

  tick() {
    const running = this.place.querySelector(".live");
    if (running) running.textContent = duration((performance.now() - this.changed) / 1000);
  }

  draw() { this.place.replaceChildren(h("ol", { class: "states" }, [...this.states()].map((parts) => h("li", {}, parts)))); }

  *states() {
    const { job } = this, live = () => h("span", { class: "live n" });
    if (!job) return yield [`Sending ${this.size} `, live()];
    const ended = job.ended_at, began = job.started_at;
    if (!ended) yield ["sent ", time(this.sent)]; // it goes on being stored, and waits by then: the two overlap
    if (began ?? ended) yield ["queued ", time(secondsBetween(job.created_at, began ?? ended))];
    else return yield [chip("queued"), " ", live()];
    if (began && !ended) return yield [chip("running"), " ", live()];
    if (began) yield ["running ", time(secondsBetween(began, ended))];
    yield [chip(job.status), " ", h("span", { class: "soft" }, "in all, as this browser saw it, "), time((performance.now() - this.began) / 1000)];
  }
}

const time = (seconds) => h("span", { class: "n" }, duration(seconds));
