"use strict";
// Everything works without this; it adds live progress, looking things up while typing, checking a field when it is
// left, and keys.

const debounce = (wait, act) => {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...args), wait);
  };
};

// Live progress: the server sends the same piece of page that it makes without script.
function follow(place) {
  const source = new EventSource(place.dataset.events);
  source.onmessage = (event) => {
    const told = JSON.parse(event.data);
    place.innerHTML = told.html;
    if (told.busy) return;
    source.close();
    if (told.to) location.replace(told.to);
    else location.reload();
  };
  // The program was ended, or this browser is not known to it any more: the page says so when it is asked for again.
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => location.reload(), 2000);
  };
}
for (const live of document.querySelectorAll("[data-events][data-busy]")) follow(live);

// Looking a record up while typing.
const suggest = debounce(120, async (input) => {
  const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(input.value)}`);
  if (!answer.ok) return;
  const list = document.getElementById(input.getAttribute("list"));
  list.replaceChildren(...(await answer.json()).map((text) => {
    const option = document.createElement("option");
    option.value = text;
    return option;
  }));
});
for (const input of document.querySelectorAll("[data-suggest]")) {
  input.addEventListener("input", () => suggest(input));
  input.addEventListener("focus", () => suggest(input));
}

// What the rules would find, told as soon as a field is left.
function tell(form, found) {
  for (const field of form.querySelectorAll("[data-field]")) {
    const place = document.getElementById(`d-${field.dataset.field}`);
    if (!place) continue;
    const [wrong, warned] = found[field.dataset.field] ?? [[], []];
    const line = (kind) => (text) => {
      const p = document.createElement("p");
      p.className = kind;
      p.textContent = text;
      return p;
    };
    place.replaceChildren(...wrong.map(line("wrong")), ...warned.map(line("warn")));
    const control = field.querySelector("input:not([type=hidden]), select, textarea");
    if (control && wrong.length) control.setAttribute("aria-invalid", "true");
    else if (control) control.removeAttribute("aria-invalid");
  }
}
for (const form of document.querySelectorAll("form[data-check]")) {
  form.addEventListener("change", async () => {
    const body = new URLSearchParams(new FormData(form));
    if (form.dataset.id) body.set("id", form.dataset.id);
    const answer = await fetch(form.dataset.check, { method: "POST", body });
    if (answer.ok) tell(form, await answer.json());
  });
}

// Searches and choices take effect without a button.
for (const form of document.querySelectorAll("form[data-live]")) {
  const go = debounce(250, async () => {
    const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
    const answer = await fetch(address);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = document.querySelector("main");
    // The form stays, so that typing goes on; everything behind it is new.
    const there = page.querySelector("form[data-live]");
    if (!there) return;
    while (form.nextSibling) form.nextSibling.remove();
    while (there.nextSibling) main.append(there.nextSibling);
    history.replaceState(null, "", address);
  });
  form.addEventListener("input", go);
  form.addEventListener("change", go);
}

// Keys: / searches, Alt+N adds, Ctrl+S saves.
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  const press = (key) => {
    const target = document.querySelector(`[data-key="${key}"]`);
    if (!target) return;
    event.preventDefault();
    if (target.tagName === "INPUT") target.focus();
    else target.click();
  };
  if (event.key === "/" && !typing) press("/");
  else if (event.altKey && event.key.toLowerCase() === "n") press("n");
  else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") press("s");
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
