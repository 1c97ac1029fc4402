"use strict";
const find = id => document.getElementById(id);
const EXAMPLES = {
  text: ["Marta Lindqvist flew from Lisbon to Rotterdam on Monday.", "😀 Ana Ruiz met Bo Ek in Rio de Janeiro 🇧🇷.",
    "سافرت مارتا من لشبونة إلى روتردام.", "玛尔塔从里斯本飞往鹿特丹。"],
  word: ["record", "running", "élan", "Straße"],
};
const MOST = 5; // answers of a list, and labels that are shown
let models = [], asked = null, answers = null, running = null;

/** An element with properties, and children that are elements or texts; a text is never read as HTML. */
function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const model = () => models.find(one => one.name === find("model").value) || models[0];
const figure = probability => (probability > 0.994 && probability < 1 ? ">0.99" : probability.toFixed(2));
const exact = probability => (probability === undefined ? "" : probability.toFixed(4));
// Offsets count code points, the strings of JavaScript UTF-16.
const slice = (points, start, end) => points.slice(start, end).join("");

const RTL = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
/** The direction of a text by its first letter, which dir="auto" does not see within an entity. */
const direction = text => (RTL.test(text.match(/\p{L}/u)?.[0] || "") ? "rtl" : "ltr");

async function fetched(path, body) {
  const headers = {};
  if (find("token")?.value) headers.Authorization = `Bearer ${find("token").value}`;
  if (body) headers["Content-Type"] = "application/json";
  const method = body ? "POST" : "GET";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal: running?.signal });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(`${answer.status}: ${found.detail || answer.statusText}`);
  return found;
}

function tell(words, isProblem = false) {
  find("status").textContent = words;
  find("status").className = isProblem ? "problem" : "";
}

// What a request holds.
function body() {
  const fields = [...find("features").querySelectorAll("input")].map(field => field.value);
  const features = fields.length ? { features: fields } : {};
  const lines = find("text").value.split("\n").filter(line => line.trim());
  const chosen = models.length > 1 ? { model: model().name } : {};
  return { sentences: lines.map(text => ({ text, ...features })), ...chosen };
}

async function run() {
  running?.abort();
  running = new AbortController();
  const own = running;
  tell("Running…");
  find("result").setAttribute("aria-busy", "true");
  try {
    asked = body();
    answers = asked.sentences.length ? await fetched("predict/batch", asked) : [];
    find("answers").replaceChildren(...answers.map(drawn));
    find("result").hidden = !answers.length;
    tell(answers.length ? summary() : "Type a sentence first.", !answers.length);
  } catch (problem) {
    if (own === running) tell(problem.message, true);
  } finally {
    if (own === running) find("result").removeAttribute("aria-busy");
  }
}

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function summary() {
  const found = answers.reduce((total, one) => total + (one.entities?.length || 0), 0);
  const entities = model().spans ? `, ${count(found, "entity", "entities")}` : "";
  const nouns = model().task === "transduction" ? ["source", "sources"] : ["sentence", "sentences"];
  return count(answers.length, ...nouns) + entities;
}

function drawn(answer, place) {
  const made = make("article", { className: "answer" });
  if (answer.target !== undefined) {
    made.append(...target(answer, place));
    return made;
  }
  if (answer.labels) made.append(labels(answer));
  made.append(sentence(answer));
  if (answer.tokens?.length) {
    made.append(details("Tokens", () => tokens(answer)));
    if (model().nbest !== 0 && model().nbest !== 1)
      made.append(details("Best taggings", async () => taggings(await again(place, { nbest: most() }))));
  }
  return made;
}

const most = () => Math.min(MOST, model().nbest ?? MOST);

/** The answer to one of the sentences, with more in it. */
function again(place, more) {
  const { model: name } = asked;
  return fetched("predict", { ...asked.sentences[place], ...(name ? { model: name } : {}), ...more });
}

/** Content that is made when it is opened. */
function details(title, content) {
  const made = make("details", {}, make("summary", {}, title));
  made.addEventListener("toggle", async () => {
    if (!made.open || made.children.length > 1) return;
    const inner = make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: title });
    made.append(inner);
    try {
      inner.append(await content());
    } catch (problem) {
      inner.remove();
      made.open = false;
      tell(problem.message, true);
    }
  });
  return made;
}

/** The text with its entities marked, or with each token's tag. */
function sentence(answer) {
  const made = make("p", { className: "sentence", dir: direction(answer.text) });
  const points = [...answer.text];
  const spans = model().spans ? answer.entities : answer.tokens?.map(one => ({ ...one, label: one.tag }));
  let at = 0;
  for (const span of spans || []) {
    made.append(slice(points, at, span.start), marked(slice(points, span.start, span.end), span));
    at = span.end;
  }
  made.append(slice(points, at));
  if (model().spans && !spans.length && answer.tokens?.length)
    made.append(" ", make("small", { className: "empty" }, "no entities"));
  return made;
}

function marked(text, span) {
  const label = make("b", { className: "label", dir: "ltr" }, span.label);
  if (span.probability !== undefined) {
    label.append(" ", make("small", {}, figure(span.probability)));
    label.title = `probability ${span.probability}`;
  }
  const made = make("mark", { className: "entity" }, make("bdi", {}, text), "\u00a0", label);
  const colour = model().colours[span.label];
  if (colour) made.style.setProperty("--type", colour);
  return made;
}

function labels(answer) {
  const made = make("div", { className: "labels", role: "list", ariaLabel: "Labels of the sentence" });
  const rows = Object.entries(answer.labels).slice(0, MOST);
  for (const [place, [name, probability]] of rows.entries()) {
    const share = make("i");
    share.style.setProperty("--share", `${100 * probability}%`);
    const item = [
      make("span", { className: place ? "" : "first" }, name),
      make("span", { className: "bar", ariaHidden: "true" }, share),
      make("span", {}, figure(probability)),
    ];
    const row = make("div", { role: "listitem" }, ...item);
    row.style.display = "contents";
    made.append(row);
  }
  if (!rows.length) made.append(make("span", { className: "empty" }, "no label"));
  return made;
}

function table(head, rows, figures) {
  const kind = place => (figures.includes(place) ? "figure" : "");
  const top = head.map((text, place) => make("th", { scope: "col", className: kind(place) }, text));
  const body = rows.map(row => make("tr", {}, ...row.map((cell, place) =>
    make("td", { className: kind(place), dir: figures.includes(place) ? "ltr" : "auto" }, cell))));
  return make("table", {}, make("thead", {}, make("tr", {}, ...top)), make("tbody", {}, ...body));
}

function tokens(answer) {
  const rows = answer.tokens.map(one =>
    [one.text, one.tag, exact(one.probability), `${one.start}`, `${one.end}`]);
  return table(["Token", "Tag", "Probability", "Start", "End"], rows, [2, 3, 4]);
}

function taggings(answer) {
  const rows = (answer.nbest || []).map(one =>
    [exact(one.probability), answer.tokens.map((token, place) =>
      one.tags[place] === "O" ? token.text : `${token.text}/${one.tags[place]}`).join(" ")]);
  return table(["Probability", "Tagging"], rows, [0]);
}

function target(answer, place) {
  const found = make("p", { className: "target", dir: "auto" }, answer.target || "∅", " ");
  found.append(make("small", { className: "faint", dir: "ltr" }, figure(answer.probability)));
  const made = [make("p", { className: "faint", dir: "auto" }, answer.source), found];
  if (answer.complete === false) made.push(make("p", { className: "note" }, "Cut at the length limit."));
  if (model().nbest > 1)
    made.push(details("Best targets", async () => {
      const more = await again(place, { nbest: most() });
      return table(["Probability", "Target"], more.nbest.map(one => [exact(one.probability), one.target]), [0]);
    }));
  if (model().alignment)
    made.push(details("Alignment", async () => aligned((await again(place, { alignment: true })).alignment)));
  return made;
}

/** Where the attention was: a row for each symbol that was written. */
function aligned({ source, target: written, weights }) {
  const head = make("tr", {}, make("td"), ...source.map(symbol => make("th", { scope: "col" }, symbol)));
  const rows = written.map((symbol, place) => {
    const cells = weights[place].map((weight, at) => {
      const cell = make("td", { title: `${symbol} ← ${source[at]}: ${figure(weight)}` });
      cell.ariaLabel = figure(weight);
      cell.style.setProperty("--weight", `${100 * weight}%`);
      return cell;
    });
    return make("tr", {}, make("th", { scope: "row" }, symbol), ...cells);
  });
  return make("table", { className: "map" }, make("thead", {}, head), make("tbody", {}, ...rows));
}

function curl() {
  const { sentences, ...rest } = asked;
  const one = sentences.length === 1;
  const data = JSON.stringify(one ? { ...sentences[0], ...rest } : asked).replaceAll("'", "'\\''");
  const token = find("token") ? ` -H "Authorization: Bearer $SEQTAG_TOKEN"` : "";
  const address = new URL(one ? "predict" : "predict/batch", document.baseURI);
  return `curl '${address}' -H 'Content-Type: application/json'${token} -d '${data}'`;
}

async function copy(text, what) {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
    } else { // which pages without TLS have on localhost only
      const field = make("textarea", { value: text });
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      if (!done) throw new Error();
    }
    tell(`Copied as ${what}.`);
  } catch {
    tell("The browser does not allow copying.", true);
  }
}

/** What depends on the model. */
function choose() {
  const one = model();
  const what = [...one.labels, ...one.sentence_labels];
  const known = what.length ? `: ${what.slice(0, 12).join(", ")}${what.length > 12 ? ", …" : ""}` : "";
  const doubt = one.raw_text ? "" : " Raw text is cut into other tokens than this model was trained on.";
  find("about").textContent = `${one.name}, ${one.task}${known}.${doubt}`;
  const isTransducer = one.task === "transduction";
  find("text-label").textContent = isTransducer ? "Sources, one per line" : "Text, one sentence per line";
  find("features").replaceChildren(...one.features.map((name, place) =>
    make("div", {}, make("label", { htmlFor: `feature-${place}` }, `Feature ${name}`),
      make("input", { id: `feature-${place}` }))));
  const examples = EXAMPLES[isTransducer ? "word" : "text"];
  find("examples").replaceChildren(...examples.map(text => {
    const button = make("button", { type: "button", className: "example", dir: "auto" }, text);
    button.addEventListener("click", () => { find("text").value = text; run(); });
    return button;
  }));
  find("result").hidden = true;
  tell("");
}

async function start() {
  try {
    ({ models } = await fetched("models"));
  } catch (problem) {
    find("about").textContent = find("token") ? "This server asks for a token." : "The models cannot be listed.";
    if (!find("token") || find("token").value) tell(problem.message, true);
    return;
  }
  find("model").replaceChildren(...models.map(one => make("option", { value: one.name }, one.name)));
  find("model-field").hidden = models.length < 2;
  choose();
}

find("form").addEventListener("submit", event => { event.preventDefault(); if (models.length) run(); });
find("text").addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find("form").requestSubmit();
});
find("model").addEventListener("change", choose);
find("token")?.addEventListener("change", start);
find("copy-json").addEventListener("click", () =>
  copy(JSON.stringify(answers.length === 1 ? answers[0] : answers, null, 1), "JSON"));
find("copy-curl").addEventListener("click", () => copy(curl(), "curl"));
start();
