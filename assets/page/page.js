// The page of `riffle serve`: asks through EventSource and shows the answer while it comes. What a model, a tool or the
// server says becomes text nodes only; the text of an answer keeps every character of its source, so that what is read,
// selected and copied is what was sent.

const WORDS = {
  ready: "ready",
  thinking: "thinking",
  writing: "writing",
  tools: "running tools",
  done: "done",
  stopped: "stopped",
  failed: "failed",
  code: "Code",
  statuses: { running: "running", timeout: "timed out" },
  busy: "An answer is being written. Wait for its end, or stop it with Escape.",
  tooLong: "This question is too long for a page. Shorten it, or ask in a terminal: riffle ask < question.txt",
  reconnecting: "The connection was lost. Connecting again …",
  stillReconnecting: "riffle does not answer. If it was ended, start it again: riffle serve. Escape stops waiting.",
  gone: "riffle does not answer at this address. Start it with riffle serve and open the link that it prints.",
  unauthorised: "riffle does not know this browser, perhaps because it was started again. Open the link that it printed.",
  refused: "riffle refused the question. It may be busy with other answers, or this chat may be gone: ask again in a moment, or begin a new chat.",
  unread: "The connection was lost for longer than riffle waits, so that it stopped the answer. Ask it to go on.",
  restLost: "The connection was lost for so long that the rest of the answer cannot be fetched. Ask again.",
  begunAnew: "riffle lost the answer and would have begun it again. Ask again.",
  unreadable: "riffle sent what this page cannot read. Reload the page, so that both are of the same version.",
  brokeOff: "The answer broke off. Ask again.",
  endings: {
    length: "The answer reached its greatest length. Ask riffle to go on.",
    tool_calls: "The model wanted to use more tools than one answer may. Ask riffle to go on.",
    content_filter: "The provider withheld the rest of the answer. Ask in other words.",
  },
  retry: (attempt, seconds, reason) => `${reason || "The request failed."} Trying again in ${seconds} s (attempt ${attempt}).`,
  seconds: milliseconds => `${(milliseconds / 1000).toFixed(1)} s`,
  usage: ({ input, output }) => `${input.toLocaleString("en")} tokens read, ${output.toLocaleString("en")} written`,
};

/** Most bytes of the address that asks; riffle takes 16 KiB for all headers. */
const LONGEST_ADDRESS = 12_000;
/** Failed tries to connect again after which it is said that the server may be gone. */
const MANY_TRIES = 20;
/** Rows of pixels within which a reader counts as being at the end. */
const NEAR_END = 32;

const byId = id => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// ---- Markdown, a line at a time -------------------------------------------------------------------------------------

/** Lines with more characters are shown as they are. */
const LONG_LINE = 10_000;
/** How deep emphasis is looked for inside of emphasis. The label of a link is read at the last level but one, from which on
 * addresses make no links of their own. */
const DEEPEST = 3;
const SPECIAL = /\\[!-/:-@[-`{-~]|`+|\*\*?|__?|~~|\[|https:\/\//g;
const LINK = /\[([^[\]]{1,500})\]\((https:\/\/(?:[^\s<>()]|\([^\s<>()]*\))+)(?:\s+"[^"]*")?\)/y;
const ADDRESS = /https:\/\/[^\s<>"'`|*\\]+/y;
const FENCE = /^\s*(`{3,}(?!.*`)|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+/;
const ITEM = /^([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+/;
const QUOTE = /^ {0,3}>[> \t]*/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const BAR_AND_TEXT = /(?:^\s*)?\|(?:\\.|[^|\\]|\\$)*/gs;
const CELL = /^(\s*\|)((?:\\.|[^|\\]|\\$)*)(\|\s*)?$/s;

const mark = text => element("span", { class: "mark", "aria-hidden": "true" }, text);
const isDivider = line => /^[\s|:-]+$/.test(line) && line.includes("-");
const isWordCharacter = character => character !== undefined && /[\p{L}\p{N}]/u.test(character);

/** The address a link leads to, or null where it is not plain https. */
function target(address) {
  try {
    const url = new URL(address);
    return url.protocol === "https:" && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}

function link(href, ...children) {
  return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** Where the run of `length` backticks stands that ends code beginning before `from`, or -1. */
function endOfCode(text, from, length) {
  const run = /`+/g;
  run.lastIndex = from;
  for (let found; (found = run.exec(text)); ) {
    if (found[0].length === length) {
      return found.index;
    }
  }
  return -1;
}

/** Where the mark stands that ends emphasis beginning before `from`, or -1. */
function endOfEmphasis(text, from, wanted) {
  const character = wanted[0];
  for (let at = text.indexOf(wanted, from); at >= 0; at = text.indexOf(wanted, at)) {
    let end = at;
    while (text[end] === character) {
      end += 1;
    }
    const close = end - wanted.length;
    const fits = close >= from && (wanted.length === 2 || end - at === 1);
    const isInWord = character === "_" && isWordCharacter(text[end]);
    if (fits && !isInWord && !/[\s\\]/.test(text[at - 1])) {
      return close;
    }
    at = end;
  }
  return -1;
}

/** What the special characters found in `text` at `at` begin: its nodes and where it ends; null where they are text. */
function span(text, at, special, depth, missing) {
  const after = at + special.length;
  if (special[0] === "\\") {
    return { nodes: [mark("\\"), special[1]], end: after };
  }
  if (special[0] === "[") {
    LINK.lastIndex = at;
    const found = LINK.exec(text);
    const href = found && target(found[2]);
    if (!href) {
      return null;
    }
    const label = link(href, ...inline(found[1], DEEPEST - 1));
    return { nodes: [mark("["), label, mark(found[0].slice(found[1].length + 1))], end: at + found[0].length };
  }
  if (special === "https://") {
    ADDRESS.lastIndex = at;
    const found = ADDRESS.exec(text)?.[0] ?? "";
    const behind = found.includes("(") ? ".,:;!?]}_~" : ".,:;!?]}_~)";
    let length = found.length;
    while (length > 0 && behind.includes(found[length - 1])) {
      length -= 1;
    }
    const address = found.slice(0, length);
    const href = isWordCharacter(text[at - 1]) || depth >= DEEPEST - 1 ? null : target(address);
    return href && { nodes: [link(href, address)], end: at + length };
  }
  if (missing.has(special)) {
    return null;
  }
  if (special[0] === "`") {
    const close = endOfCode(text, after, special.length);
    if (close < 0) {
      missing.add(special);
      return null;
    }
    const code = element("code", {}, mark(special), text.slice(after, close), mark(special));
    return { nodes: [code], end: close + special.length };
  }
  const next = text[after];
  if (depth >= DEEPEST || next === undefined || /\s/.test(next) || (special[0] === "_" && isWordCharacter(text[at - 1]))) {
    return null;
  }
  const close = endOfEmphasis(text, after + 1, special);
  if (close < 0) {
    missing.add(special);
    return null;
  }
  const tag = special === "~~" ? "s" : special.length === 2 ? "strong" : "em";
  const inner = inline(text.slice(after, close), depth + 1);
  return { nodes: [element(tag, {}, mark(special), ...inner, mark(special))], end: close + special.length };
}

/** Nodes and strings that together are exactly `text`. */
function inline(text, depth = 0) {
  const nodes = [];
  const missing = new Set();
  const special = new RegExp(SPECIAL);
  let plain = 0;
  for (let found; (found = special.exec(text)); ) {
    const made = span(text, found.index, found[0], depth, missing);
    if (made) {
      if (plain < found.index) {
        nodes.push(text.slice(plain, found.index));
      }
      nodes.push(...made.nodes);
      plain = special.lastIndex = made.end;
    }
  }
  if (plain < text.length) {
    nodes.push(text.slice(plain));
  }
  return nodes;
}

/** The cells of a row of a table, each with the bar before it. */
function cells(line) {
  const parts = line.match(BAR_AND_TEXT) ?? [line];
  if (parts.length > 1 && /^\|\s*$/.test(parts.at(-1))) {
    const last = parts.pop();
    parts[parts.length - 1] += last;
  }
  const inside = isDivider(line) ? text => [mark(text)] : text => inline(text);
  return parts.map(part => {
    const [, open, text, close] = CELL.exec(part) ?? [part, "", part, ""];
    return element("span", { class: "cell", role: "cell" }, mark(open), ...inside(text), ...(close ? [mark(close)] : []));
  });
}

/**
 * What one line of an answer is. `block` is the code or the table that is open before it. `opens` is a block that begins
 * with it; `within` says that it belongs to the open one; `ends` that the open one ends with it.
 */
function shape(line, block) {
  if (line.length > LONG_LINE) {
    return { within: block?.kind === "code", nodes: [line] };
  }
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  if (block?.kind === "code") {
    const fence = FENCE.exec(text)?.[1] ?? "";
    const ends = fence[0] === block.fence[0] && fence.length >= block.fence.length && text.trim() === fence;
    return { within: true, ends, nodes: ends ? [mark(line)] : [line] };
  }
  const fence = FENCE.exec(text);
  if (fence) {
    return { opens: { kind: "code", fence: fence[1] }, nodes: [mark(line)] };
  }
  if (/^\s*\|/.test(line)) {
    const row = { name: isDivider(line) ? "row divider" : "row", role: "row", nodes: cells(line) };
    return block ? { ...row, within: true } : { ...row, opens: { kind: "table" } };
  }
  const heading = HEADING.exec(text);
  if (heading) {
    const level = String(Math.min(heading[1].length + 2, 6));
    return { name: "heading", role: "heading", level, nodes: [mark(heading[0]), ...inline(line.slice(heading[0].length))] };
  }
  if (RULE.test(text)) {
    return { nodes: [mark(line)] };
  }
  const item = ITEM.exec(text);
  if (item) {
    const bullet = element("span", { class: "bullet" }, item[0]);
    return { name: "item", indent: Math.min(item[0].length, 16), nodes: [bullet, ...inline(line.slice(item[0].length))] };
  }
  const quote = QUOTE.exec(text);
  if (quote) {
    return { name: "quote", nodes: [mark(quote[0]), ...inline(line.slice(quote[0].length))] };
  }
  return { nodes: inline(line) };
}

/** Makes `nodes` the children of `parent`, keeping those that are there already, so that a selection in them stays. */
function reconcile(parent, nodes) {
  let child = parent.firstChild;
  for (const node of nodes) {
    const next = child?.nextSibling ?? null;
    if (!child) {
      parent.append(node);
    } else if (typeof node === "string") {
      if (child.nodeType === Node.TEXT_NODE && node.startsWith(child.data)) {
        if (node.length > child.data.length) {
          child.appendData(node.slice(child.data.length));
        }
      } else {
        child.replaceWith(node);
      }
    } else if (!child.isEqualNode(node)) {
      child.replaceWith(node);
    }
    child = next;
  }
  while (child) {
    const next = child.nextSibling;
    child.remove();
    child = next;
  }
}

/** An answer that grows inside of `root`, whose text content is exactly what was added. */
class Answer {
  #root;
  #line = "";
  #block = null;
  /** The line that is not whole yet: its element, the element to take away with it, and what it was drawn as. */
  #tail = null;

  constructor(root) {
    this.#root = root;
  }

  add(text) {
    const pieces = text.split("\n");
    const last = pieces.pop();
    for (const piece of pieces) {
      this.#line += piece;
      const shaped = shape(this.#line, this.#block);
      this.#draw(shaped, "\n");
      if (shaped.opens) {
        this.#block = { ...shaped.opens, node: this.#tail.top };
      } else if (!shaped.within || shaped.ends) {
        this.#block = null;
      }
      this.#tail = null;
      this.#line = "";
    }
    if (last) {
      this.#line += last;
      this.#draw(shape(this.#line, this.#block), "");
    }
  }

  #draw(shaped, newline) {
    const kind = [shaped.opens?.kind, shaped.within, shaped.name, shaped.level, shaped.indent].join(" ");
    if (this.#tail?.kind !== kind) {
      this.#tail?.top.remove();
      this.#tail = this.#place(shaped, kind);
    }
    reconcile(this.#tail.node, newline ? [...shaped.nodes, document.createTextNode(newline)] : shaped.nodes);
  }

  #place(shaped, kind) {
    const node = element("div", { class: `line ${shaped.name ?? ""}`.trim() });
    if (shaped.role) {
      node.setAttribute("role", shaped.role);
    }
    if (shaped.level) {
      node.setAttribute("aria-level", shaped.level);
    }
    if (shaped.indent) {
      node.style.setProperty("--indent", `${shaped.indent}ch`);
    }
    let top = node;
    if (shaped.opens) {
      const { kind: block } = shaped.opens;
      const meaning = block === "table" ? { role: "table" } : { role: "group", "aria-label": WORDS.code };
      // What can be scrolled sideways can be reached by the keyboard.
      top = element("div", { class: block, tabindex: "0", ...meaning }, node);
    }
    (shaped.within ? this.#block.node : this.#root).append(top);
    return { node, top, kind };
  }
}

// ---- The page -------------------------------------------------------------------------------------------------------

const page = {
  newest: byId("newest"),
  earlier: byId("earlier"),
  question: byId("question"),
  reasoning: byId("reasoning"),
  reasoningText: byId("reasoning-text"),
  tools: byId("tools"),
  out: byId("out"),
  problem: byId("problem"),
  ending: byId("ending"),
  model: byId("model"),
  composer: byId("composer"),
  ask: byId("ask"),
  state: byId("state"),
  note: byId("note"),
  stop: byId("stop"),
  send: byId("send"),
};

/** The chat that further questions belong to, once riffle named it. */
let conversation = "new";
/** The question that is being answered. */
let turn = null;

/** Says it once: the note is read aloud when it changes. */
function setNote(note) {
  if (page.note.textContent !== note) {
    page.note.textContent = note;
  }
}

function setState(state) {
  if (page.state.textContent !== state) {
    page.state.textContent = state;
    page.state.dataset.state = state;
    page.state.toggleAttribute("data-busy", turn !== null);
  }
}

/** Does what makes the page longer, and keeps the newest line in view if the reader was at the end. */
function growing(change) {
  const view = document.scrollingElement;
  const wasAtEnd = view.scrollHeight - view.scrollTop - view.clientHeight < NEAR_END;
  change();
  if (wasAtEnd) {
    view.scrollTop = view.scrollHeight;
  }
}

/** Puts a copy of the newest question and its answer above, and makes room for the next. */
function moveToEarlier() {
  if (page.question.textContent) {
    const past = page.newest.cloneNode(true);
    for (const named of [past, ...past.querySelectorAll("[id]")]) {
      named.removeAttribute("id");
    }
    past.querySelector("[role=alert]").removeAttribute("role");
    past.setAttribute("aria-label", "Question and answer");
    page.earlier.append(element("li", {}, past));
  }
  for (const part of [page.question, page.reasoningText, page.tools, page.out, page.problem, page.ending]) {
    part.replaceChildren();
  }
  page.reasoning.hidden = true;
  page.reasoning.open = false;
}

/** `name: value, name: value`; what is no object is shown as it is. */
function short(args) {
  if (args === null || typeof args !== "object") {
    return String(args ?? "");
  }
  const say = value => (typeof value === "string" ? value : JSON.stringify(value));
  const said = Array.isArray(args) ? args.map(say) : Object.entries(args).map(([name, value]) => `${name}: ${say(value)}`);
  return said.join(", ").slice(0, 200);
}

const whole = value => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** A line of the list of tools. */
class ToolLine {
  #parts = {
    name: element("span", { class: "tool-name" }),
    args: element("span", { class: "tool-arguments" }),
    state: element("span", { class: "tool-state" }),
    time: element("span", { class: "tool-time" }),
    whole: element("pre", { class: "tool-whole", tabindex: "0" }),
  };
  #since = performance.now();
  #call = {};

  constructor() {
    const { name, args, state, time } = this.#parts;
    const summary = element("summary", {}, name, " ", args, " ", state, " ", time);
    this.item = element("li", {}, element("details", {}, summary, this.#parts.whole));
  }

  get isRunning() {
    return this.item.dataset.status === "running";
  }

  /** Shows what an event tells of the call, beside what earlier ones told. */
  show(news) {
    this.#call = { ...this.#call, ...news };
    const { name, status, arguments: args, output, elapsed_ms: elapsed } = this.#call;
    const known = [args, output].filter(value => value !== undefined && value !== null);
    this.#parts.name.textContent = name;
    this.#parts.args.textContent = short(args);
    this.#parts.whole.textContent = known.map(whole).join("\n\n");
    this.item.dataset.status = status;
    this.#parts.state.textContent = WORDS.statuses[status] ?? status;
    if (status === "running") {
      this.tick();
    } else {
      this.#parts.time.textContent = Number.isFinite(elapsed) ? WORDS.seconds(elapsed) : "";
    }
  }

  /** Says for how long it has been running, in whole seconds from the first. */
  tick() {
    const seconds = Math.floor((performance.now() - this.#since) / 1000);
    this.#parts.time.textContent = seconds > 0 ? `${seconds} s` : "";
  }
}

/** Why riffle did not begin to answer; EventSource keeps the response to itself. */
async function whyRefused() {
  const look = (place, method) => fetch(place, { method, cache: "no-store" }).catch(() => null);
  if (!(await look("/healthz", "GET"))) {
    return WORDS.gone;
  }
  // The page itself is only for browsers that opened the link; how riffle is, is for all.
  const ours = await look("/", "HEAD");
  return ours?.status === 401 ? WORDS.unauthorised : WORDS.refused;
}

/** A question from its sending to the end of its answer. */
class Turn {
  #question;
  #source;
  #answer = new Answer(page.out);
  #pending = "";
  #isDrawn = true;
  #tools = new Map();
  #ticker = null;
  #isOpen = false;
  #hasBegun = false;
  #tries = 0;
  #isRetrying = false;
  #problem = "";
  #finish = null;

  constructor(question, address) {
    this.#question = question;
    this.#source = new EventSource(address);
    this.#listen("open", () => this.#opened());
    this.#listen("error", event => (event instanceof MessageEvent ? this.#failed(event) : this.#disconnected()));
    this.#listenData("start", data => this.#started(data));
    this.#listenData("reasoning", ({ text }) => this.#reasoned(text));
    this.#listenData("tool", data => this.#tool(data));
    this.#listenData("retry", ({ attempt, delay_ms: delay, reason }) => {
      this.#isRetrying = true;
      setNote(WORDS.retry(attempt, Math.ceil(delay / 1000), reason));
    });
    this.#listenData("finish", data => {
      this.#finish = data.finish;
      growing(() => page.ending.replaceChildren(data.usage ? WORDS.usage(data.usage) : ""));
    });
    this.#listen("message", event => (event.data === "[DONE]" ? this.#done() : this.#text(event)));
  }

  /** Calls `handle` with events of a type, as long as this is the question that is being answered. */
  #listen(type, handle) {
    this.#source.addEventListener(type, event => turn === this && handle(event));
  }

  #listenData(type, handle) {
    this.#listen(type, event => this.#read(event, handle));
  }

  #read(event, handle) {
    let data;
    try {
      data = JSON.parse(event.data);
    } catch {
      this.#end(WORDS.failed, WORDS.unreadable);
      return;
    }
    handle(data);
  }

  #opened() {
    this.#isOpen = true;
    this.#tries = 0;
    setNote("");
  }

  #started({ conversation: id, provider, model }) {
    if (this.#hasBegun) {
      this.#end(WORDS.failed, WORDS.begunAnew);
      return;
    }
    this.#hasBegun = true;
    conversation = id;
    page.model.textContent = [model, provider].filter(Boolean).join(" · ");
  }

  #text(event) {
    this.#read(event, ({ text }) => {
      this.#pending += text;
      if (this.#isRetrying) {
        this.#isRetrying = false;
        setNote("");
      }
      if (this.#runningTools() === 0) {
        setState(WORDS.writing);
      }
      if (document.hidden) {
        this.#draw();
      } else if (this.#isDrawn) {
        this.#isDrawn = false;
        requestAnimationFrame(() => this.#draw());
      }
    });
  }

  #draw() {
    this.#isDrawn = true;
    const text = this.#pending;
    this.#pending = "";
    if (text) {
      growing(() => this.#answer.add(text));
    }
  }

  #reasoned(text) {
    growing(() => {
      page.reasoning.hidden = false;
      page.reasoningText.append(text);
      if (this.#runningTools() === 0) {
        setState(WORDS.thinking);
      }
    });
  }

  #tool(data) {
    growing(() => {
      let line = this.#tools.get(data.id);
      if (!line) {
        line = new ToolLine();
        this.#tools.set(data.id, line);
        page.tools.append(line.item);
      }
      line.show(data);
    });
    const running = this.#runningTools();
    setState(running > 0 ? WORDS.tools : WORDS.thinking);
    this.#ticker ??= setInterval(() => this.#tick(), 1000);
  }

  #tick() {
    for (const line of this.#tools.values()) {
      if (line.isRunning) {
        line.tick();
      }
    }
  }

  #runningTools() {
    return [...this.#tools.values()].filter(line => line.isRunning).length;
  }

  #failed(event) {
    this.#read(event, ({ message }) => {
      this.#problem = message || WORDS.brokeOff;
      growing(() => page.problem.replaceChildren(this.#problem));
    });
  }

  async #disconnected() {
    const willTryAgain = this.#source.readyState === EventSource.CONNECTING;
    if (this.#isOpen && willTryAgain) {
      this.#tries += 1;
      setNote(this.#tries > MANY_TRIES ? WORDS.stillReconnecting : WORDS.reconnecting);
      return;
    }
    this.#source.close();
    if (this.#finish !== null) {
      this.#done();
      return;
    }
    const refused = await whyRefused();
    if (turn !== this) {
      return;
    }
    this.#end(WORDS.failed, this.#isOpen && refused === WORDS.refused ? WORDS.restLost : refused);
    if (!this.#hasBegun && !page.ask.value) {
      page.ask.value = this.#question;
    }
  }

  #done() {
    const finish = this.#finish;
    if (finish === "cancelled") {
      this.#end(WORDS.stopped, WORDS.unread);
    } else if (this.#problem || finish === "error" || finish === "truncated" || finish === "content_filter") {
      this.#end(WORDS.failed, this.#problem || WORDS.endings[finish] || WORDS.brokeOff);
    } else {
      this.#end(WORDS.done, WORDS.endings[finish] ?? "");
    }
  }

  stop() {
    this.#end(WORDS.stopped);
  }

  #end(state, problem = "") {
    this.#source.close();
    this.#draw();
    clearInterval(this.#ticker);
    for (const line of this.#tools.values()) {
      if (line.isRunning) {
        line.show({ status: state === WORDS.stopped ? "cancelled" : "failed" });
      }
    }
    growing(() => page.problem.replaceChildren(...(problem ? [problem] : [])));
    setNote("");
    turn = null;
    setState(state);
    setBusy(false);
  }
}

function setBusy(isBusy) {
  const hadFocus = document.activeElement === page.stop;
  page.stop.disabled = !isBusy;
  page.send.disabled = isBusy;
  page.out.setAttribute("aria-busy", String(isBusy));
  if (!isBusy && hadFocus) {
    page.ask.focus();
  }
}

/** Whether the key belongs to a character that is being composed; Safari says so only by its number. */
const isComposing = event => event.isComposing || event.keyCode === 229;

/** Asks, and says whether it could. */
function send(question) {
  if (!question.trim()) {
    page.ask.focus();
    return false;
  }
  if (turn) {
    setNote(WORDS.busy);
    return false;
  }
  const address = `/stream?${new URLSearchParams({ format: "json", conversation, question })}`;
  if (address.length > LONGEST_ADDRESS) {
    setNote(WORDS.tooLong);
    return false;
  }
  moveToEarlier();
  page.question.textContent = question;
  setNote("");
  turn = new Turn(question, address);
  setState(WORDS.thinking);
  setBusy(true);
  document.scrollingElement.scrollTop = document.scrollingElement.scrollHeight;
  return true;
}

function sendWritten() {
  if (send(page.ask.value)) {
    page.ask.value = "";
  }
}

page.composer.addEventListener("submit", event => {
  event.preventDefault();
  sendWritten();
  page.ask.focus();
});

page.ask.addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey && !isComposing(event)) {
    event.preventDefault();
    sendWritten();
  }
});

page.stop.addEventListener("click", () => turn?.stop());

document.addEventListener("keydown", event => {
  if (event.key === "Escape" && !isComposing(event)) {
    turn?.stop();
  }
});

// What is selected inside of an answer is copied as its source: blocks would add newlines of their own.
document.addEventListener("copy", event => {
  const selection = document.getSelection();
  if (selection.isCollapsed) {
    return;
  }
  const range = selection.getRangeAt(0);
  const within = range.commonAncestorContainer;
  const around = within.nodeType === Node.ELEMENT_NODE ? within : within.parentElement;
  if (around.closest(".answer")) {
    event.clipboardData.setData("text/plain", range.toString());
    event.preventDefault();
  }
});

const asked = new URLSearchParams(location.search).get("question");
if (asked !== null) {
  // Reloading the page must not ask again.
  history.replaceState(null, "", "/");
  send(asked);
}
