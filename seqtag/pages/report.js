"use strict";
// The list of errors: filtered, sorted and drawn a page at a time from the data that the page carries. Whatever comes
// from a corpus or a model is set as text, never as HTML.
(() => {
  const element = document.getElementById("data");
  if (!element) return;
  const data = JSON.parse(element.textContent);
  const PAGE = 50;
  const CONTEXT = 25; // tokens that are shown to both sides of an error
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const buttons = { earlier: document.getElementById("earlier"), later: document.getElementById("later") };
  const numbers = new Intl.NumberFormat("en");
  const texts = new Map(); // of each sentence, as the search sees it
  let found = [];
  let page = 0;

  const make = (tag, kind, text) => {
    const made = document.createElement(tag);
    if (kind) made.className = kind;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const shownLabel = (label) => (label === "" ? "_" : label);

  const textOf = (error) => {
    if (!texts.has(error.sentence)) {
      texts.set(error.sentence, data.sentences[error.sentence].tokens.join(" ").toLocaleLowerCase());
    }
    return texts.get(error.sentence);
  };

  const holds = (error, words) =>
    textOf(error).includes(words) ||
    [error.gold, error.predicted].some((label) => label !== null && label.toLocaleLowerCase().includes(words));

  const sorts = {
    // An error without a probability, such as a missed entity, comes last.
    surest: (a, b) => (b.probability ?? -1) - (a.probability ?? -1) || a.sentence - b.sentence,
    unsurest: (a, b) => (a.probability ?? 2) - (b.probability ?? 2) || a.sentence - b.sentence,
    text: (a, b) => a.order - b.order,
  };

  const select = () => {
    const chosen = new FormData(form);
    const words = (chosen.get("text") || "").trim().toLocaleLowerCase();
    const kind = chosen.get("kind");
    const label = chosen.get("label");
    const who = chosen.get("who") || "";
    found = data.errors.filter(
      (error) =>
        (!kind || error.kind === kind) &&
        (!label || error.gold === label.slice(1) || error.predicted === label.slice(1)) &&
        (!who || error.who === who) &&
        (!words || holds(error, words)),
    );
    found.sort(sorts[chosen.get("sort")]);
    page = 0;
    draw();
  };

  // One line: the tokens from `first` to before `last`, the marked ones with their labels.
  const line = (name, sentence, marks, error, wrong, gap, first, last) => {
    const row = make("div", "line");
    row.append(make("span", "", name));
    const words = make("p", "sentence");
    words.dir = "auto";
    if (first > 0) words.append("… ");
    const starts = new Map(marks.map((mark) => [mark[0], mark]));
    for (let at = first; at < last; ) {
      const mark = starts.get(at);
      const end = mark ? mark[1] : at + 1;
      const text = sentence.tokens.slice(at, end).join(" ");
      if (mark) {
        const isWrong = wrong && wrong[0] === mark[0] && wrong[1] === mark[1];
        const entity = make("span", isWrong ? "entity wrong" : "entity");
        entity.style.setProperty("--type", data.colours[mark[2]] || "var(--accent)");
        entity.append(make("bdi", "", text), make("span", "label", shownLabel(mark[2])));
        if (mark[3] !== undefined && mark[3] !== null) entity.append(make("span", "number", mark[3].toFixed(2)));
        words.append(entity);
      } else {
        words.append(make("bdi", gap && at >= gap[0] && at < gap[1] ? "gap" : "", text));
      }
      if (end < last) words.append(" ");
      at = end;
    }
    if (last < sentence.tokens.length) words.append(" …");
    row.append(words);
    return row;
  };

  const answer = (name, label) => {
    const row = make("div", "line");
    row.append(make("span", "", name));
    const words = make("p", "sentence");
    words.dir = "auto";
    words.append(make("bdi", "", shownLabel(label)));
    row.append(words);
    return row;
  };

  const item = (error) => {
    const sentence = data.sentences[error.sentence];
    const made = make("li");
    const head = make("div", "head");
    head.append(make("b", "", data.kinds[error.kind]));
    const right = error.gold === null ? "nothing" : shownLabel(error.gold);
    const given = error.predicted === null ? "nothing" : shownLabel(error.predicted);
    if (error.kind !== "target") head.append(make("span", "", `${right} → ${given}`));
    if (error.probability !== null) head.append(make("span", "", `probability ${error.probability.toFixed(4)}`));
    if (data.who[error.who]) head.append(make("span", "", data.who[error.who]));
    const place = sentence.line === null ? `${data.noun} ${error.sentence + 1}` : `line ${sentence.line}`;
    head.append(make("span", "", place));
    made.append(head);
    if (error.kind === "label" || error.kind === "target") {
      made.append(line(data.noun, sentence, [], error, null, null, 0, sentence.tokens.length));
      made.append(answer("gold", error.gold ?? ""), answer(data.names[error.who === "second" ? 1 : 0], error.predicted ?? ""));
      return made;
    }
    const spans = [error.goldSpan, error.predictedSpan].filter((span) => span !== null);
    const starts = Math.min(...spans.map((span) => span[0]));
    const ends = Math.max(...spans.map((span) => span[1]));
    const edge = (at, step) => {
      // An entity is shown whole.
      const marks = [...sentence.gold, ...sentence.predicted, ...(sentence.second || [])];
      while (marks.some((mark) => mark[0] < at && at < mark[1])) at += step;
      return at;
    };
    const first = edge(Math.max(starts - CONTEXT, 0), -1);
    const last = edge(Math.min(ends + CONTEXT, sentence.tokens.length), 1);
    const rows = [["gold", sentence.gold, error.goldSpan]];
    const own = error.who === "second" ? 1 : 0;
    rows.push([data.names[0], sentence.predicted, own === 0 ? error.predictedSpan : null]);
    if (data.names.length > 1) rows.push([data.names[1], sentence.second, own === 1 ? error.predictedSpan : null]);
    rows.forEach(([name, marks, wrong], number) => {
      const gap = number === own + 1 && error.predictedSpan === null ? error.goldSpan : null;
      const none = number === 0 && error.goldSpan === null ? error.predictedSpan : gap;
      made.append(line(name, sentence, marks, error, wrong, none, first, last));
    });
    return made;
  };

  const draw = () => {
    const pages = Math.max(Math.ceil(found.length / PAGE), 1);
    const start = page * PAGE;
    list.replaceChildren(...found.slice(start, start + PAGE).map(item));
    list.start = start + 1;
    document.getElementById("count").textContent =
      `${numbers.format(found.length)} of ${numbers.format(data.errors.length)} errors`;
    document.getElementById("page").textContent = `page ${numbers.format(page + 1)} of ${numbers.format(pages)}`;
    buttons.earlier.disabled = page === 0;
    buttons.later.disabled = page + 1 >= pages;
  };

  const turn = (step) => {
    page += step;
    draw();
    document.getElementById("errors").scrollIntoView();
  };

  data.errors = data.errors.map((row, order) => ({
    sentence: row[0], kind: row[1], gold: row[2], predicted: row[3], probability: row[4], goldSpan: row[5],
    predictedSpan: row[6], who: row[7], order,
  }));
  form.addEventListener("input", select);
  form.addEventListener("submit", (event) => event.preventDefault());
  buttons.earlier.addEventListener("click", () => turn(-1));
  buttons.later.addEventListener("click", () => turn(1));
  select();
})();
