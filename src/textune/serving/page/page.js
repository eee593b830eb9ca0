"use strict";
// What a person asks of the server, and what it says. Texts of people and of models are put into
// the page as text alone, never as HTML.

const at = (id) => document.getElementById(id);
const state = { token: "", models: [], model: null, asked: null, threshold: null, turn: 0 };
const SOME = 0.02; // of the strongest word's contribution, below which a word has no colour

function made(tag, words = "", kind = "") {
  const found = document.createElement(tag);
  if (words) found.textContent = words;
  if (kind) found.className = kind;
  return found;
}

function put(place, ...parts) {
  place.replaceChildren(...parts);
}

function complain(words) {
  at("trouble").textContent = words;
  at("trouble").hidden = !words;
  if (words) at("trouble").scrollIntoView({ block: "nearest" });
}

async function asked(path, options = {}) {
  const headers = { ...(options.headers || {}) };
  if (state.token) headers.authorization = `Bearer ${state.token}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The server does not answer: it was stopped, or the line is down.");
  }
  if (response.ok) return response;
  let words = `The server said ${response.status}.`;
  try {
    words = (await response.json()).error || words;
  } catch { /* it said no more */ }
  if (response.status === 401) {
    state.token = "";
    at("door").hidden = false;
    at("room").hidden = true;
    at("token").focus();
    words = state.tried ? "That is not the token of this server." : "";
  }
  throw new Error(words);
}

async function busy(button, work) {
  complain("");
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    complain(error.message);
  } finally {
    button.disabled = false;
  }
}

// ---- models ----

async function begin() {
  const found = await (await asked("models")).json();
  state.models = found.models;
  at("door").hidden = true;
  at("room").hidden = false;
  put(at("model"), ...state.models.map((one) => new Option(one.name, one.name)));
  at("programs").hidden = Boolean(state.token);
  at("which").hidden = state.models.length < 2;
  choose();
}

function choose() {
  const model = state.models[at("model").selectedIndex] || state.models[0];
  state.model = model;
  state.asked = null;
  const listed = model.task === "answers" ? [] : model.labels;
  const more = listed.length > 8 ? ` and ${listed.length - 8} more` : "";
  const known = listed.length ? `: ${listed.slice(0, 8).join(", ")}${more}` : "";
  at("about").textContent = `${model.words}${known}`;
  document.title = `${model.name}: textune serve`;
  const fields = model.inputs.flatMap((name, place) => {
    const label = made("label", name[0].toUpperCase() + name.slice(1));
    const area = made("textarea");
    area.id = `text-${place}`;
    area.required = place > 0;
    label.htmlFor = area.id;
    return [label, area];
  });
  put(at("fields"), ...fields);
  put(at("answer"));
  put(at("reasons"));
  put(at("labelled"));
  at("why").hidden = true;
  at("bar").hidden = !model.takes_threshold;
  setThreshold(null);
}

// ---- thresholds ----

function setThreshold(value) {
  state.threshold = value;
  const own = Object.values(state.model.thresholds);
  const first = own.length ? own[own.length - 1] : 0.5;
  const alike = own.every((one) => one === first);
  at("threshold").value = value === null ? first : value;
  const words = alike && own.length ? first.toFixed(2) : "one for each label";
  const said = value === null ? `the model's own (${own.length ? words : "the likeliest"})`
    : Number(value).toFixed(2);
  at("threshold-now").textContent = said;
  at("threshold").setAttribute("aria-valuetext", said);
  at("own").disabled = value === null;
}

let later = 0;
function moved() {
  setThreshold(Number(at("threshold").value));
  clearTimeout(later);
  if (state.asked) later = setTimeout(() => again(), 120);
}

async function again() {
  try {
    complain("");
    await predict(state.asked);
  } catch (error) {
    complain(error.message);
  }
}

// ---- answers ----

function given() {
  const texts = state.model.inputs.map((_, place) => at(`text-${place}`).value);
  return texts.length === 1 ? texts[0] : texts;
}

async function predict(text, explain = false) {
  const turn = ++state.turn;
  const body = { texts: [text], model: state.model.name };
  if (state.threshold !== null) body.threshold = state.threshold;
  if (explain) body.explain = true;
  const response = await asked("predict", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const found = (await response.json()).predictions[0];
  if (turn !== state.turn) return; // a later one was asked since
  state.asked = text;
  put(at("answer"), ...shown(found, text));
  put(at("reasons"), ...(explain ? reasons(found, text) : []));
  at("why").hidden = !state.model.explains;
}

function shown(found, text) {
  if (state.model.task === "tags") return tagged(found);
  if (state.model.task === "answers") return answered(found, text);
  if (found.numbers) {
    const rows = Object.entries(found.numbers);
    return rows.map(([name, value]) => made("p", `${name}: ${Number(value.toPrecision(5))}`, "decision"));
  }
  const none = found.undecided ? "left to a person" : "no label";
  const parts = [made("p", found.labels.join(", ") || none, "decision")];
  if (found.set) parts.push(made("p", `set: ${found.set.join(", ") || "none is likely enough"}`));
  return [...parts, chances(found)];
}

function chances(found) {
  const ranked = Object.entries(found.scores).sort((one, other) => other[1] - one[1]);
  const chosen = new Set(found.labels);
  for (const [column, one] of Object.entries(found.columns || {})) chosen.add(`${column}: ${one.label}`);
  const rows = ranked.map(([label, share]) => {
    const row = made("tr", "", chosen.has(label) ? "chosen" : "");
    const head = made("th", chosen.has(label) ? `${label} ✓` : label);
    head.scope = "row";
    const bar = made("span", "", "share");
    bar.style.width = `${100 * share}%`;
    const wide = made("td", "", "wide");
    wide.append(bar);
    row.append(head, made("td", share.toFixed(3), "n"), wide);
    return row;
  });
  return table("Probabilities", ["label", "probability", ""], rows);
}

function table(caption, heads, rows) {
  const found = made("table");
  const top = made("tr");
  for (const name of heads) {
    const head = made(name ? "th" : "td", name, name === heads[1] ? "n" : "");
    if (name) head.scope = "col";
    top.append(head);
  }
  const head = made("thead");
  head.append(top);
  const body = made("tbody");
  body.append(...rows);
  found.append(made("caption", caption, "sr"), head, body);
  return found;
}

// Places are counted in characters of Unicode, as Python does.
function marked(text, spans) {
  const signs = Array.from(text);
  const place = made("p", "", "read");
  let end = 0;
  for (const one of spans) {
    if (one.start < end) continue;
    place.append(signs.slice(end, one.start).join(""));
    const mark = made("mark", signs.slice(one.start, one.end).join(""));
    if (one.label) mark.append(made("small", one.label));
    place.append(mark);
    end = one.end;
  }
  place.append(signs.slice(end).join(""));
  return place;
}

function tagged(found) {
  const rows = found.entities.map((one) => {
    const row = made("tr");
    row.append(made("td", one.text), made("td", one.score.toFixed(3), "n"), made("td", one.label));
    return row;
  });
  const count = rows.length === 1 ? "1 entity" : `${rows.length || "no"} entities`;
  const parts = [made("p", count, "decision"), marked(found.text, found.entities)];
  return rows.length ? [...parts, table("Entities", ["words", "probability", "type"], rows)] : parts;
}

function answered(found, text) {
  const answer = found.labels[0] || "";
  const best = found.answers.filter((one) => one.text === answer).slice(0, 1);
  const rows = found.answers.map((one) => {
    const row = made("tr", "", best.includes(one) ? "chosen" : "");
    row.append(made("td", one.text), made("td", one.score.toFixed(3), "n"));
    return row;
  });
  const spans = answer ? best.map(({ start, end }) => ({ start, end })) : [];
  const parts = [made("p", answer || "no answer in this passage", "decision"), marked(text[1], spans)];
  return rows.length ? [...parts, table("Likeliest answers", ["answer", "probability"], rows)] : parts;
}

// ---- why ----

function reasons(found, text) {
  const texts = Array.isArray(text) ? text : [text];
  const parts = [made("h3", "Why"), made("p", "Underlined words spoke for the label, dotted ones "
    + "against it. It says what this model went by, not whether that is right.", "soft")];
  for (const reason of found.reasons) {
    const state = reason.decided ? "" : " (not decided)";
    parts.push(made("h3", `${reason.label}${state}`));
    texts.forEach((one, side) => parts.push(coloured(one, reason.words.filter(
      (word) => (word.of || 1) === side + 1), reason.words)));
    parts.push(strongest(reason));
  }
  return found.reasons.length ? parts : [made("p", "There is nothing in it that the model reads.")];
}

function coloured(text, words, all) {
  const signs = Array.from(text);
  const most = Math.max(...all.map((word) => Math.abs(word.contribution)), 0);
  const place = made("p", "", "read");
  let end = 0;
  for (const word of words) {
    place.append(signs.slice(end, word.start).join(""));
    const share = most ? Math.abs(word.contribution) / most : 0;
    if (share < SOME) {
      place.append(word.text);
    } else {
      const mark = made("span", word.text, word.contribution > 0 ? "for" : "against");
      mark.style.setProperty("--much", (0.45 * share).toFixed(2));
      place.append(mark);
    }
    end = word.end;
  }
  place.append(signs.slice(end).join(""));
  return place;
}

function strongest(reason) {
  const ranked = [...reason.words].sort(
    (one, other) => Math.abs(other.contribution) - Math.abs(one.contribution));
  const rows = ranked.slice(0, 5).map((word) => {
    const row = made("tr");
    const sign = word.contribution > 0 ? "+" : "";
    row.append(made("td", word.text), made("td", `${sign}${word.contribution.toFixed(3)}`, "n"));
    return row;
  });
  return table(`Words that moved ${reason.label} most`, ["word", "moved by"], rows);
}

// ---- files ----

async function label() {
  const file = at("file").files[0];
  const options = new URLSearchParams({ name: file.name, model: state.model.name });
  if (state.threshold !== null) options.set("threshold", state.threshold);
  if (at("harmless").checked) options.set("harmless", "true");
  if (at("column").value.trim()) options.set("text", at("column").value.trim());
  put(at("labelled"), made("p", `labelling ${file.name} …`, "soft"));
  try {
    const response = await asked(`label?${options}`, { method: "POST", body: file });
    const said = response.headers.get("content-disposition") || "";
    const link = made("a", "Download the labelled file");
    link.href = URL.createObjectURL(await response.blob());
    link.download = (/filename="([^"]*)"/.exec(said) || [])[1] || "labelled.csv";
    link.textContent = `Download ${link.download}`;
    put(at("labelled"), link);
  } catch (error) {
    put(at("labelled"));
    throw error;
  }
}

// ---- the page ----

function listen(id, kind, work) {
  at(id).addEventListener(kind, (event) => {
    event.preventDefault();
    work(event);
  });
}

const submit = (id) => at(id).querySelector("button[type=submit]");
listen("ask", "submit", () => busy(submit("ask"), () => predict(given())));
listen("label", "submit", () => busy(submit("label"), label));
listen("why", "click", () => busy(at("why"), () => predict(given(), true)));
listen("own", "click", () => { setThreshold(null); if (state.asked) again(); });
listen("door", "submit", () => busy(submit("door"), () => {
  state.token = at("token").value.trim();
  state.tried = true;
  return begin();
}));
at("threshold").addEventListener("input", moved);
at("model").addEventListener("change", choose);
at("ask").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("ask").requestSubmit();
});
begin().catch((error) => complain(error.message));
