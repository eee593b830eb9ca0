"use strict";
(() => {
  const within = (box) => {
    const moves = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (moves) { box.tabIndex = 0; box.setAttribute("role", "region"); }
    else { box.removeAttribute("tabindex"); box.removeAttribute("role"); }
  };
  const boxes = [...document.querySelectorAll(".scroll")];
  boxes.forEach((box) => { box.dataset.words = box.getAttribute("aria-label"); });
  const settle = () => boxes.forEach((box) => {
    within(box);
    if (box.hasAttribute("role")) box.setAttribute("aria-label", box.dataset.words);
    else box.removeAttribute("aria-label");
  });
  settle();
  addEventListener("resize", settle);
  document.querySelectorAll("details").forEach((one) => one.addEventListener("toggle", settle));
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => {
    one.dataset.was = one.open ? "open" : ""; one.open = true;
  }));
  addEventListener("afterprint", () => document.querySelectorAll("details").forEach((one) => {
    one.open = one.dataset.was === "open";
  }));

  const card = document.getElementById("slider");
  if (!card) return;
  const { stops, labels } = JSON.parse(document.getElementById("slider-data").textContent);
  const find = (id) => document.getElementById(`slider-${id}`);
  const [select, bar, words] = [find("label"), find("bar"), find("words")];
  const figures = [...document.querySelectorAll("#slider-curves > figure")];
  const ahead = labels.length - figures.length;
  const decimals = (value) => {
    if (value === null) return "–";
    if (value !== 0 && Math.abs(value) < 0.001) return String(Number(value.toPrecision(3)));
    return value.toFixed(3);
  };
  const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const share = (part, whole) => (whole ? part / whole : null);
  let places = [];

  const choose = () => {
    const one = labels[select.value];
    places = stops.map((stop, n) => [stop, one.given[n], one.right[n]]);
    if (!stops.includes(one.own[0])) places.push(one.own);
    places.sort((a, b) => a[0] - b[0]);
    bar.max = places.length - 1;
    figures.forEach((figure, n) => figure.classList.toggle("other", n + ahead !== Number(select.value)));
    const ask = find("ask");
    if (ask) ask.hidden = Number(select.value) >= ahead;
    own();
  };
  const own = () => {
    bar.value = places.findIndex((place) => place[0] === labels[select.value].own[0]);
    show();
  };
  const show = () => {
    const one = labels[select.value];
    const [stop, given, right] = places[bar.value];
    const [precision, recall] = [share(right, given), share(right, one.having)];
    const numbers = {
      precision: decimals(precision), recall: decimals(recall),
      f1: decimals(share(2 * right, given + one.having)),
      given: `${grouped(given)} of ${grouped(one.texts)}`,
      right: grouped(right), missed: `${grouped(one.having - right)} of ${grouped(one.having)}`,
    };
    Object.entries(numbers).forEach(([key, value]) => {
      card.querySelector(`[data-number="${key}"]`).textContent = value;
    });
    const named = decimals(stop) + (stop === one.own[0] ? " (the model’s own)" : "");
    find("value").textContent = named;
    bar.setAttribute("aria-valuetext", named);
    const isWhole = Number(select.value) < ahead;
    const [does, rest] = isWhole
      ? ["are decided", "are not, or wrongly"]
      : [`get “${one.label}”`, "that have it are missed"];
    words.textContent = `From ${decimals(stop)} on, ${numbers.given} texts ${does}, `
      + `${numbers.right} of them rightly; ${numbers.missed} ${rest}.`;
    const figure = figures[select.value - ahead];
    if (!figure) return;
    const put = (name, x, y) => {
      const dot = figure.querySelector(`[data-dot="${name}"]`);
      if (!dot) return;
      dot.toggleAttribute("hidden", x === null || y === null);
      dot.setAttribute("cx", 26 + 100 * x);
      dot.setAttribute("cy", 6 + 100 * (1 - y));
    };
    put("roc", share(given - right, one.texts - one.having), recall);
    put("pr", recall, precision);
  };
  select.addEventListener("change", choose);
  bar.addEventListener("input", show);
  bar.addEventListener("keydown", (event) => {
    const step = { PageUp: 10, PageDown: -10 }[event.key];
    if (!step) return;
    event.preventDefault();
    bar.value = Number(bar.value) + step;
    show();
  });
  find("own").addEventListener("click", own);
  card.hidden = false;
  choose();
})();
