// Tries the page of `riffle serve` in headless Chromium: first with streams that this file plays itself, then, with the
// one-time link of a running server as its argument, against that.
//   node page.mjs [--shots FOLDER] [LINK]
// PLAYWRIGHT_CORE names the folder in which playwright-core is installed, CHROMIUM the browser.

import { readFile, mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import { pipeline } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(join(process.env.PLAYWRIGHT_CORE ?? join(root, "target/playwright-core"), "package.json"));
const { chromium } = require("playwright-core");

const args = process.argv.slice(2);
const shots = args[0] === "--shots" ? args.splice(0, 2)[1] : null;
const link = args[0];

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FILES = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/page.css": ["page.css", "text/css; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
};
/** The longest that something may take to come about; nothing is asserted about how fast it does. */
const PATIENCE = 20_000;

let failures = 0;
function check(holds, what, seen = "") {
  failures += holds ? 0 : 1;
  console.log(`${holds ? "ok  " : "FAIL"}  ${what}${seen === "" ? "" : `: ${seen}`}`);
}
function equal(seen, wanted, what) {
  const holds = JSON.stringify(seen) === JSON.stringify(wanted);
  check(holds, what, holds ? "" : `${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`);
}

/** A proxy between the browser and the server, so that connections can be lost. */
const streaming = new Set();
let isCut = false;
const proxy = http.createServer((request, response) => {
  if (isCut) {
    response.destroy();
    return;
  }
  const { hostname, port, pathname, search } = new URL(request.url);
  const { method, headers } = request;
  const passed = http.request({ hostname, port, path: pathname + search, method, headers }, answer => {
    response.writeHead(answer.statusCode, answer.headers);
    pipeline(answer, response, () => {});
    if ((answer.headers["content-type"] ?? "").startsWith("text/event-stream")) {
      streaming.add(response);
      response.on("close", () => streaming.delete(response));
    }
  });
  passed.on("error", () => response.destroy());
  response.on("close", () => passed.destroy());
  request.pipe(passed);
});
function loseStreams() {
  for (const response of streaming) {
    response.destroy();
  }
}
await new Promise(resolve => proxy.listen(0, "127.0.0.1", resolve));

const profile = await mkdtemp(join(tmpdir(), "riffle-page-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  proxy: { server: `http://127.0.0.1:${proxy.address().port}`, bypass: "<-loopback>" },
  viewport: { width: 900, height: 700 },
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"],
});
browser.setDefaultTimeout(PATIENCE);

/** A page that counts its streams and fails the run when it reports an error that is not `expected`. */
async function open(use, expected = /^$/) {
  const page = await browser.newPage();
  page.streams = [];
  page.on("pageerror", error => check(false, "no page error", String(error)));
  page.on("console", message => {
    if (message.type() === "error" && !expected.test(message.text())) {
      check(false, "no console error", message.text());
    }
  });
  page.on("request", request => request.url().includes("/stream?") && page.streams.push(request.url()));
  try {
    await use(page);
  } catch (error) {
    check(false, use.name || "the page can be used", error.message);
  } finally {
    await page.close();
  }
}

/** In the page: streams that the test plays. They are drawn at once, as in a page that is not seen. */
function stubStreams() {
  const { CONNECTING, OPEN, CLOSED } = EventSource;
  window.streams = [];
  window.EventSource = class extends EventTarget {
    static CONNECTING = CONNECTING;
    static OPEN = OPEN;
    static CLOSED = CLOSED;
    readyState = CONNECTING;

    constructor(address) {
      super();
      this.address = address;
      window.streams.push(this);
    }

    close() {
      this.readyState = CLOSED;
    }

    open() {
      this.readyState = OPEN;
      this.dispatchEvent(new Event("open"));
    }

    lose(readyState) {
      this.readyState = readyState;
      this.dispatchEvent(new Event("error"));
    }

    say(type, data) {
      this.dispatchEvent(new MessageEvent(type, { data: typeof data === "string" ? data : JSON.stringify(data) }));
    }
  };
  Object.defineProperty(Document.prototype, "hidden", { get: () => true });
}

/** The page from its files, with streams that the test plays; what it asks riffle itself is answered by `respond`. */
async function stubbed(use, { respond = route => route.fulfill({ json: { status: "ok", streams: 0 } }), at = "/", expected } = {}) {
  await open(async page => {
    await page.addInitScript(stubStreams);
    await page.route("http://riffle.test/**", async route => {
      const path = new URL(route.request().url()).pathname;
      if (path === "/healthz" || route.request().method() === "HEAD") {
        return respond(route, path);
      }
      const [file, type] = FILES[path];
      const body = await readFile(join(root, "assets/page", file));
      return route.fulfill({ body, headers: { "content-type": type, "content-security-policy": CSP } });
    });
    await page.goto(`http://riffle.test${at}`);
    await use(page);
  }, expected);
}

const say = (page, type, data) => page.evaluate(([type, data]) => window.streams.at(-1).say(type, data), [type, data]);
const state = page => page.textContent("#state");

/** Asks, and plays a stream up to its first event. */
async function begin(page, question = "What tent?") {
  await page.fill("#ask", question);
  await page.press("#ask", "Enter");
  await page.evaluate(() => window.streams.at(-1).open());
  await say(page, "start", { conversation: "c1", provider: "demo", model: "outdoor-demo" });
}

async function finish(page, how = "stop") {
  await say(page, "finish", { finish: how, usage: { input: 1234, output: 56 } });
  await say(page, "message", "[DONE]");
}

const MARKDOWN = [
  "# Tents **by** season\n\nOne *two* **three _four_** `a*b` ~~five~~ \\*six\\*.\n",
  "| a | `b` | c\\|d |\n|---|:-:|--|\n| 1 | **2** | 3 |\nafter\n\n|unclosed\n",
  "- one\n  - two\n10. ten\n* * *\n> quoted *text*\n> > twice\n",
  "```rust\nlet a = \"**no**\";\n| no | table |\n# no\n``` \n~~~\n```\n~~~\nend\n````\n```\n````",
  "[label **bold**](https://example.org/a_(b)?q=1#x \"title\") and https://example.org/x). [no](http://example.org) [no](ftp://a)\n",
  "\r\na\r\n\tb \u2028 \u2029 \u0000 \u202e x \ud83d\ude00 e\u0301 \u05d0\u05d1\n\n\n  trailing  ",
  "**open *and _not `closed ~~ever [at](https:// all \\",
  "*** **** ***** ___ __ ** * **a *b*** ***c*** *d **e** f* snake_case_name _x_ 2 * 3 * 4 **  **\n|\n||\n|\\|\n| \\\\|x",
  "<img src=x onerror=\"window.ran = 1\"><script>window.ran = 1</script>\n[x](javascript:window.ran=1) [y](https://u:p@evil.example/) javascript:alert(1)\n" +
    "[z](data:text/html,x) <a href=\"javascript:1\">a</a> [https://good.example](https://other.example)\n",
];

async function everyCharacterOfAnAnswerStays(page) {
  await begin(page);
  const wrong = await page.evaluate(texts => {
    const stream = window.streams.at(-1);
    const out = document.getElementById("out");
    let whole = "";
    // Cut after each unit, then in pieces of growing length.
    for (const text of texts) {
      for (const length of [1, 7, text.length]) {
        for (let at = 0; at < text.length; at += length) {
          whole += text.slice(at, at + length);
          stream.say("message", { text: text.slice(at, at + length) });
          if (out.textContent !== whole) {
            return { wanted: whole.slice(-80), seen: out.textContent.slice(-80) };
          }
        }
        whole += "\n";
        stream.say("message", { text: "\n" });
      }
    }
    return null;
  }, MARKDOWN);
  equal(wrong, null, "text content is the answer after each piece");
}

async function anAnswerIsNeverMarkup(page) {
  await begin(page);
  await say(page, "message", { text: MARKDOWN.join("\n") });
  await say(page, "reasoning", { text: MARKDOWN.join("\n") });
  await say(page, "tool", { id: "1", name: "<img src=x onerror=ran=1>", status: "running", arguments: { "<b>": MARKDOWN[8] } });
  await say(page, "tool", { id: "1", name: "<img src=x onerror=ran=1>", status: "done", output: MARKDOWN[8], elapsed_ms: 3 });
  await say(page, "error", { kind: "server", message: MARKDOWN[8] });
  await finish(page, "error");
  const seen = await page.evaluate(() => ({
    tags: [...new Set([...document.querySelectorAll("#out *, #reasoning-text *, #problem *")].map(found => found.tagName))].sort(),
    links: [...document.querySelectorAll("#out a")].map(found => found.getAttribute("href")),
    attributes: [...new Set([...document.querySelectorAll("main *")].flatMap(found => found.getAttributeNames()))].filter(name => name.startsWith("on")),
    images: document.images.length,
    ran: window.ran ?? null,
  }));
  const tags = ["A", "CODE", "DIV", "EM", "S", "SPAN", "STRONG"];
  const links = ["https://example.org/a_(b)?q=1#x", "https://example.org/x", "https://other.example/"];
  equal(seen, { tags, links, attributes: [], images: 0, ran: null }, "a hostile answer stays text");
}

async function markdownIsSeen(page) {
  await begin(page);
  await say(page, "message", { text: MARKDOWN[0] + MARKDOWN[1] + MARKDOWN[2] + MARKDOWN[3] });
  const seen = await page.evaluate(() => {
    const texts = selector => [...document.querySelectorAll(`#out ${selector}`)].map(found => found.textContent);
    return {
      heading: texts("[role=heading][aria-level='3']"),
      strong: texts("strong"),
      em: texts("em"),
      code: texts("code"),
      rows: texts(".table .row:not(.divider)").length,
      blocks: texts(".code"),
      bullets: texts(".bullet"),
    };
  });
  equal(
    seen,
    {
      heading: ["# Tents **by** season\n"],
      strong: ["**by**", "**three _four_**", "**2**"],
      em: ["*two*", "_four_", "*text*"],
      code: ["`a*b`", "`b`"],
      rows: 3,
      blocks: ["```rust\nlet a = \"**no**\";\n| no | table |\n# no\n``` \n", "~~~\n```\n~~~\n", "````\n```\n````"],
      bullets: ["- ", "  - ", "10. "],
    },
    "Markdown is seen",
  );
  await page.evaluate(() => document.getSelection().selectAllChildren(document.getElementById("out")));
  const copied = await page.evaluate(() => {
    const event = new ClipboardEvent("copy", { clipboardData: new DataTransfer(), bubbles: true, cancelable: true });
    document.dispatchEvent(event);
    return event.clipboardData.getData("text/plain");
  });
  check(copied === MARKDOWN.slice(0, 4).join(""), "what is copied is the source");
}

async function aTurnTellsItsState(page) {
  const states = [await state(page)];
  const note = async () => states.push(await state(page));
  await begin(page);
  await note();
  await say(page, "reasoning", { text: "It rains." });
  await say(page, "tool", { id: "1", name: "search_products", status: "running", arguments: { category: "tents", max_price: 300 } });
  await say(page, "tool", { id: "2", name: "search_products", status: "running", arguments: {} });
  await note();
  equal(await page.getByRole("list", { name: "Tools" }).getByRole("listitem").count(), 2, "tools are a list");
  equal(await page.locator("#tools .tool-arguments").allTextContents(), ["category: tents, max_price: 300", ""], "arguments are told in short");
  await say(page, "tool", { id: "2", name: "search_products", status: "denied", output: "not allowed" });
  await note();
  await say(page, "tool", { id: "1", name: "search_products", status: "done", output: { products: [] }, elapsed_ms: 1234 });
  await note();
  await say(page, "message", { text: "A dome" });
  await note();
  equal(await page.locator("#tools .tool-state").allTextContents(), ["done", "denied"], "each tool tells how it ended");
  equal(await page.locator("#tools .tool-time").allTextContents(), ["1.2 s", ""], "and how long it took");
  await finish(page);
  await note();
  equal(states, ["ready", "thinking", "running tools", "running tools", "thinking", "writing", "done"], "states");
  equal(await page.evaluate(() => window.streams.map(stream => stream.readyState)), [2], "the stream is closed at its end");
  equal(await page.textContent("#reasoning-text"), "It rains.", "reasoning is kept");
  equal(await page.locator("#reasoning").evaluate(found => [found.hidden, found.open]), [false, false], "and folded");
  equal(await page.textContent("#model"), "outdoor-demo · demo", "the model is named");
  await begin(page, "And a bag?\nA warm one.");
  const asked = await page.evaluate(() => Object.fromEntries(new URL(window.streams.at(-1).address, location).searchParams));
  equal(asked, { format: "json", conversation: "c1", question: "And a bag?\nA warm one." }, "a further question belongs to the same chat");
  equal(await page.locator("#earlier .answer").allTextContents(), ["A dome"], "the earlier answer stands above");
  equal(await page.textContent("#out"), "", "and the newest begins empty");
  equal(await page.evaluate(() => document.querySelectorAll("#earlier [id]").length), 0, "no id is there twice");
}

async function keysAreEnough(page) {
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.tagName);
  equal(await focused(), "ask", "the cursor stands in the question");
  await page.keyboard.press("Enter");
  equal(await state(page), "ready", "an empty question is not sent");
  await page.keyboard.type("one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two");
  await page.locator("#ask").dispatchEvent("keydown", { key: "Enter", isComposing: true, bubbles: true });
  equal(await state(page), "ready", "Enter that ends a composed character does not send");
  await page.keyboard.press("Enter");
  equal(await page.textContent("#question"), "one\ntwo", "Shift+Enter begins a line, Enter sends");
  await page.evaluate(() => window.streams.at(-1).open());
  await say(page, "message", { text: "half" });
  await page.keyboard.type("next");
  await page.keyboard.press("Enter");
  equal(await page.inputValue("#ask"), "next", "a question written meanwhile is kept");
  equal(await page.evaluate(() => window.streams.length), 1, "and not sent");
  await page.keyboard.press("Escape");
  equal([await state(page), await page.textContent("#out")], ["stopped", "half"], "Escape stops and keeps the text");
  await say(page, "message", { text: " late" });
  equal(await page.textContent("#out"), "half", "what comes late is not shown");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  equal(await focused(), "stop", "Tab leads to the button");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  equal(outline, "solid", "focus is seen");
  await page.keyboard.press("Enter");
  equal([await state(page), await focused()], ["stopped", "ask"], "the button stops and gives the cursor back");
  for (const [role, name] of [["textbox", "Your question"], ["button", "Send"], ["button", "Stop"]]) {
    check((await page.getByRole(role, { name, exact: true }).count()) === 1, `${name} has its name`);
  }
}

async function lostConnectionsAreTold(page) {
  await begin(page);
  await say(page, "message", { text: "half" });
  await page.evaluate(() => window.streams[0].lose(EventSource.CONNECTING));
  equal([await state(page), await page.textContent("#note")], ["writing", "The connection was lost. Connecting again …"], "a lost connection is told");
  await page.evaluate(() => window.streams[0].open());
  await say(page, "message", { text: " whole" });
  equal([await page.textContent("#note"), await page.textContent("#out")], ["", "half whole"], "it goes on where it was");
  await say(page, "retry", { attempt: 1, delay_ms: 500, reason: "The server is busy." });
  equal(await page.textContent("#note"), "The server is busy. Trying again in 1 s (attempt 1).", "a retry is told");
  await page.evaluate(() => window.streams[0].lose(EventSource.CLOSED));
  await page.waitForSelector("#state[data-state=failed]");
  check((await page.textContent("#problem")).includes("cannot be fetched"), "an end that cannot be fetched is told");
  await begin(page, "again");
  await say(page, "start", { conversation: "c1" });
  check((await page.textContent("#problem")).includes("begun it again"), "an answer is never begun twice");
  await begin(page, "once more");
  await say(page, "message", { text: "all" });
  await say(page, "finish", { finish: "stop", usage: null });
  await page.evaluate(() => window.streams.at(-1).lose(EventSource.CLOSED));
  equal(await state(page), "done", "an end that is known needs no more events");
}

async function endingsAreTold(page) {
  const seen = [];
  for (const how of ["stop", "length", "tool_calls", "content_filter", "cancelled", "truncated"]) {
    await begin(page);
    await finish(page, how);
    seen.push([how, await state(page), (await page.textContent("#problem")) !== ""]);
  }
  const wanted = [
    ["stop", "done", false],
    ["length", "done", true],
    ["tool_calls", "done", true],
    ["content_filter", "failed", true],
    ["cancelled", "stopped", true],
    ["truncated", "failed", true],
  ];
  equal(seen, wanted, "endings are told");
}

async function narrowAndWideNothingIsCutOff(page) {
  const long = "x".repeat(400);
  await page.setViewportSize({ width: 320, height: 640 });
  await begin(page, `${long} why`);
  await say(page, "tool", { id: "1", name: "n".repeat(80), status: "running", arguments: { long } });
  await say(page, "message", { text: `${long}\n\`\`\`\n${long}\n\`\`\`\n|${" a long cell |".repeat(12)}\n- ${long}\nhttps://example.org/${long}\n` });
  for (const width of [320, 600, 1600]) {
    await page.setViewportSize({ width, height: 640 });
    const over = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    check(over <= 0, `nothing hangs out of ${width} px`, over);
  }
}

async function theEndIsFollowedByWhoIsThere(page) {
  await begin(page);
  const lines = count => say(page, "message", { text: "line\n".repeat(count) });
  const below = () => page.evaluate(() => Math.round(document.scrollingElement.scrollHeight - scrollY - innerHeight));
  await lines(200);
  equal(await below(), 0, "the newest line is in view");
  await say(page, "finish", { finish: "stop", usage: { input: 1, output: 2 } });
  equal(await below(), 0, "and so is what stands below it at the end");
  await page.evaluate(() => scrollTo(0, 300));
  await lines(50);
  equal(await page.evaluate(() => scrollY), 300, "who reads above is left there");
}

async function longAnswersStayQuick(page) {
  await begin(page);
  const took = await page.evaluate(() => {
    const stream = window.streams.at(-1);
    const from = performance.now();
    for (let at = 0; at < 2000; at += 1) {
      stream.say("message", { text: at % 9 ? "some **words** and `code` " : "more\n" });
    }
    for (const hostile of ["*", "_", "`", "``", "[", "[a](https://", "| ", "**a ", "> ", "- "]) {
      stream.say("message", { text: `${hostile.repeat(20_000)}\n${hostile.repeat(3000)}\n` });
    }
    return Math.round(performance.now() - from);
  });
  check(took < PATIENCE, "2000 pieces and hostile lines are drawn", `${took} ms`);
}

async function refusals() {
  const cases = [
    ["gone", route => route.abort(), "Start it with riffle serve"],
    ["not let in", (route, path) => route.fulfill({ status: path === "/healthz" ? 200 : 401 }), "Open the link that it printed"],
    ["busy", route => route.fulfill({ json: { status: "ok", streams: 16 } }), "riffle refused the question"],
  ];
  for (const [name, respond, words] of cases) {
    await stubbed(
      async page => {
        await page.fill("#ask", "hello");
        await page.press("#ask", "Enter");
        await page.evaluate(kind => window.streams[0].lose(kind === "gone" ? EventSource.CONNECTING : EventSource.CLOSED), name);
        await page.waitForSelector("#state[data-state=failed]");
        check((await page.textContent("#problem")).includes(words), `a refused question says what to do (${name})`);
        equal(await page.inputValue("#ask"), "hello", "and the question is given back");
      },
      { respond, expected: /Failed to load resource/ },
    );
  }
}

async function aQuestionInTheAddressIsAskedOnce(page) {
  equal(await page.evaluate(() => window.streams.length), 1, "a question in the address is asked at once");
  equal(await page.textContent("#question"), "what is\nthis?", "as it was written");
  await page.reload();
  equal(await page.evaluate(() => window.streams.length), 0, "and not again by reloading");
}

async function looks(page) {
  await begin(page, "Which tents are there under $300, and what do the ratings mean?");
  await say(page, "tool", { id: "1", name: "search_products", status: "running", arguments: { category: "tents", max_price: 300 } });
  await say(page, "tool", { id: "1", name: "search_products", status: "done", output: [], elapsed_ms: 210 });
  await say(page, "tool", { id: "2", name: "get_product_details", status: "running", arguments: { product_id: "TENT-01" } });
  const text = await readFile(join(root, "assets/advice/tents.md"), "utf8");
  const rest = "\n### In code\n\n```rust\nfn main() {\n    println!(\"**not bold**\");\n}\n```\n\n1. See [the guide](https://example.org/guide).\n2. Then `riffle ask`.\n";
  await say(page, "message", { text: text + rest });
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const [ground, ink] = await page.evaluate(() => {
      const light = colour => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
      const style = getComputedStyle(document.documentElement);
      return [light(style.backgroundColor), light(style.color)];
    });
    check(colorScheme === "light" ? ground > 700 && ink < 120 : ground < 120 && ink > 600, `${colorScheme} colours`, `${ground} ${ink}`);
    if (shots) {
      await page.screenshot({ path: join(shots, `${colorScheme}.png`), fullPage: true });
      await page.setViewportSize({ width: 320, height: 640 });
      await page.screenshot({ path: join(shots, `${colorScheme}-narrow.png`) });
      await page.setViewportSize({ width: 900, height: 700 });
    }
  }
}

async function againstTheServer() {
  const origin = new URL(link).origin;
  const streams = page => page.evaluate(async () => (await (await fetch("/healthz")).json()).streams);
  const ended = (page, how = "done") => page.waitForFunction(how => document.getElementById("state").textContent === how, how);
  const ask = async (page, question) => {
    await page.fill("#ask", question);
    await page.press("#ask", "Enter");
  };
  /** Notes each text of the answer and each state, from now on. */
  const watch = page =>
    page.evaluate(() => {
      window.sizes = new Set();
      window.states = [];
      window.toolStates = new Set();
      const look = () => {
        window.sizes.add(document.getElementById("out").textContent.length);
        const state = document.getElementById("state").textContent;
        if (window.states.at(-1) !== state) {
          window.states.push(state);
        }
        for (const tool of document.querySelectorAll("#tools li")) {
          window.toolStates.add(tool.dataset.status);
        }
      };
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    });

  await open(async page => {
    await page.goto(link);
    equal(await state(page), "ready", "the one-time link opens the page");
    await watch(page);
    await ask(page, "Which tents are there under $300?");
    await ended(page);
    const seen = await page.evaluate(() => ({ sizes: window.sizes.size, states: window.states, tools: [...window.toolStates] }));
    check(seen.sizes >= 8, "the answer grows", `${seen.sizes} sizes`);
    check(seen.states.includes("thinking") && seen.states.includes("writing"), "states come", seen.states.join(", "));
    check((await page.locator("#tools li").count()) >= 1 && seen.tools.includes("running"), "tools are seen running", seen.tools.join(", "));
    equal(await page.locator("#tools li:not([data-status=done])").count(), 0, "and ending");
    check((await page.textContent("#out")).includes("\n\n"), "newlines survive");
    await page.waitForTimeout(4000);
    equal(page.streams.length, 1, "no stream is opened again after the end");

    await ask(page, "How do I choose a tent?");
    await page.waitForFunction(() => document.getElementById("out").textContent.length > 40);
    equal(await streams(page), 1, "one stream is open");
    await page.keyboard.press("Escape");
    const text = await page.textContent("#out");
    const from = Date.now();
    while ((await streams(page)) !== 0 && Date.now() - from < PATIENCE) {
      await page.waitForTimeout(20);
    }
    const took = Date.now() - from;
    check(took < PATIENCE, "stopping ends the stream", `${took} ms`);
    equal([await state(page), await page.textContent("#out")], ["stopped", text], "and keeps the text");
    const chats = page.streams.map(address => new URL(address).searchParams.get("conversation"));
    check(chats[0] === "new" && chats[1] !== "new", "both questions belong to one chat", chats.join(", "));

    await watch(page);
    await ask(page, "And which sleeping bags are there?");
    await ended(page);
    equal(await page.locator("#earlier > li").count(), 2, "earlier answers stand above");
    equal(page.streams.length, 3, "a stream for each question");
  });

  await open(async page => {
    await page.goto(`${origin}/?question=${encodeURIComponent("How do I choose a tent?")}`);
    await ended(page);
    const whole = await page.textContent("#out");
    check(whole.length > 100, "a question in the address is answered");

    // A server waits for half a second; where this machine is slower, the answer is stopped, and that is told too.
    let isWhole = false;
    for (let tries = 0; tries < 5 && !isWhole; tries += 1) {
      await page.goto(origin);
      page.streams.length = 0;
      await ask(page, "How do I choose a tent?");
      for (const length of [40, 200, 400]) {
        const text = length => document.getElementById("stop").disabled || document.getElementById("out").textContent.length > length;
        await page.waitForFunction(text, length);
        loseStreams();
      }
      await page.waitForFunction(() => document.getElementById("stop").disabled);
      const text = await page.textContent("#out");
      isWhole = (await state(page)) === "done";
      check(isWhole ? text === whole : whole.startsWith(text), "through lost connections nothing is doubled and nothing is missing", await state(page));
    }
    check(isWhole, "and the answer goes on to its end");
    check(page.streams.length >= 4, "after being connected again three times", `${page.streams.length} streams`);

    await ask(page, "How do I choose a backpack?");
    await page.waitForFunction(() => document.getElementById("out").textContent.length > 40);
    isCut = true;
    loseStreams();
    await page.waitForFunction(() => document.getElementById("note").textContent !== "");
    while ((await (await fetch(`${origin}/healthz`)).json()).streams !== 0) {
      await page.waitForTimeout(20);
    }
    isCut = false;
    await ended(page, "stopped");
    const told = await page.textContent("#problem");
    check(told.includes("Ask it to go on"), "an answer that nobody read is stopped, and that is told", told);
  }, /net::ERR/);

  await browser.clearCookies();
  await open(async page => {
    const response = await page.goto(link);
    equal(response.status(), 401, "the one-time link works once");
  }, /401/);
}

try {
  for (const use of [
    everyCharacterOfAnAnswerStays,
    anAnswerIsNeverMarkup,
    markdownIsSeen,
    aTurnTellsItsState,
    keysAreEnough,
    endingsAreTold,
    narrowAndWideNothingIsCutOff,
    theEndIsFollowedByWhoIsThere,
    longAnswersStayQuick,
    lostConnectionsAreTold,
    looks,
  ]) {
    await stubbed(use);
  }
  await stubbed(aQuestionInTheAddressIsAskedOnce, { at: "/?question=what%20is%0Athis%3F" });
  await refusals();
  if (link) {
    await againstTheServer();
  }
} finally {
  await browser.close();
  proxy.close();
  await rm(profile, { recursive: true, force: true });
}
console.log(failures === 0 ? "all checks hold" : `${failures} checks failed`);
process.exitCode = failures === 0 ? 0 : 1;
