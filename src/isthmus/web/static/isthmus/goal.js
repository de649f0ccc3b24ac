// The page of a goal: rows that are added, copied, moved and removed in the page, and of which only
// those are sent that a change has to do with. Without it the form's own buttons do the same.
(() => {
  "use strict";
  const AT_ONCE = 40; // rows that are made ready in one go; the others follow while nothing else happens
  const WAIT_MS = 120;
  const CONTROLS = "input[name]:not([name^=chosen]), select[name]";
  const form = () => document.getElementById("goal");
  const rowsOf = (kind) => [...document.querySelectorAll(`[data-rows="${kind}"] > .map-row`)];
  // Looking a control up takes longer than all else that is done with it, for hundreds of rows.
  function part(row, name) {
    row.parts ??= Object.fromEntries([...row.querySelectorAll("input[list], select, input:not([type])")].map((each) => [each.name.replace(/^[a-z]+\d+\./, ""), each]));
    return row.parts[name] ?? null;
  }
  const text = (row, name) => (part(row, name)?.value ?? "").trim();
  const kindOf = (row) => row.parentElement.dataset.rows;
  const targetOf = (row) => part(row, "property") ?? part(row, "identifier") ?? part(row, "value");
  const pickersOf = (row) => [...row.querySelectorAll("input[data-picker]")]; // from left to right
  const isBlank = (row) => !["field", "property", "identifier", "value"].some((name) => text(row, name));
  function isBad(row) {
    if (!row.notes?.isConnected) row.notes = row.querySelector(".notes");
    return row.notes?.firstElementChild?.matches(".error") ?? false; // what is wrong comes first
  }
  const before = new WeakMap(); // by row: the values that were checked last
  let changed = new Set();
  let waiting = 0;
  let asked = null; // the steps that the server is asked about just now
  let again = false; // something changed meanwhile
  let leading = new Set(); // what changed, of the rows that are asked about
  let due = new Set(); // rows that it has to do with and that were not asked about yet

  // Rows -----------------------------------------------------------------------
  function ready(row) {
    if (row.isReady) return;
    row.isReady = true;
    row.classList.add("is-ready");
    const { makes, makesWord } = row.parentElement.dataset;
    const target = targetOf(row);
    if (makes && target) Object.assign(target.dataset, { make: makes, makeWord: makesWord });
    globalThis.isthmus.pick(row);
    before.set(row, [text(row, "field"), targetOf(row)?.value ?? ""]);
    if (form().querySelector(".steps-of-goal").disabled || row.parentElement.hasAttribute("data-fixed")) return;
    const tools = document.getElementById("row-tools").content.cloneNode(true);
    row.prepend(tools.querySelector(".grip"));
    (row.querySelector(".notes") ?? row.lastElementChild).before(tools.querySelector(".tools"));
  }

  function readyAll() {
    for (const kind of ["m"]) rowsOf(kind).forEach(ready);
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) { ready(entry.target); seen.unobserve(entry.target); }
    }, { rootMargin: "600px" });
    const later = rowsOf("r").filter((row) => !row.isReady);
    later.splice(0, AT_ONCE).forEach(ready);
    later.forEach((row) => seen.observe(row));
    const idle = globalThis.requestIdleCallback ?? ((act) => setTimeout(act, 20));
    const go = () => {
      for (const row of later.splice(0, 12)) ready(row);
      if (later.length) idle(go);
    };
    if (later.length) idle(go);
  }

  function add(kind, values = {}, after = null) {
    const list = document.querySelector(`[data-rows="${kind}"]`);
    const number = Number(list.dataset.next);
    list.dataset.next = String(number + 1);
    const row = document.getElementById(`row-${kind}`).content.cloneNode(true).querySelector(".map-row");
    const named = (value) => value?.replace(new RegExp(`^((?:[a-z]+-)?${kind})0(?=$|\\.)`), `$1${number}`);
    for (const each of [row, ...row.querySelectorAll("[id], [name]")]) {
      if (each.id) each.id = named(each.id);
      if (each.name) each.name = named(each.name);
    }
    row.dataset.row = String(number);
    for (const [name, value] of Object.entries(values)) {
      const control = part(row, name);
      const tick = row.querySelector(`[name$=".${name}"][type=checkbox]`);
      if (tick) tick.checked = Boolean(value);
      else if (control) control.value = value;
    }
    if (after) after.after(row);
    else list.append(row);
    ready(row);
    told(row);
    return row;
  }

  function valuesOf(row) {
    const found = {};
    for (const control of row.querySelectorAll(CONTROLS)) {
      const name = control.name.replace(/^[a-z]+\d+\./, "");
      found[name] = control.type === "checkbox" ? control.checked : control.value;
    }
    return found;
  }

  // Whoever looks on (the mark of what is unsaved, the counts) learns that the form is another.
  function told(row) {
    form().dispatchEvent(new Event("change", { bubbles: true }));
    if (row) look(row);
  }

  const TOOLS = {
    copy: (row) => {
      const made = add(kindOf(row), valuesOf(row), row);
      made.querySelector(".picker-btn")?.focus();
    },
    remove: (row) => {
      const others = related(row);
      const next = row.nextElementSibling ?? row.previousElementSibling;
      const list = row.parentElement;
      row.remove();
      (next?.querySelector("[data-tool=remove]") ?? document.getElementById(`add-${list.dataset.rows}`))?.focus();
      others.forEach((each) => changed.add(each));
      told();
      soon();
    },
    up: (row, tool) => move(row, row.previousElementSibling, tool, "before"),
    down: (row, tool) => move(row, row.nextElementSibling, tool, "after"),
  };

  function move(row, other, tool, where) {
    if (!other) return;
    other[where](row);
    tool?.focus();
    row.scrollIntoView({ block: "nearest" });
    told(row);
  }

  function related(row) {
    const [field, target] = [text(row, "field"), targetOf(row)?.value ?? ""];
    const [oldField, oldTarget] = before.get(row) ?? ["", ""];
    const same = (one, ...others) => one && others.some((each) => each.toLowerCase() === one.toLowerCase());
    return rowsOf(kindOf(row)).filter((each) => each !== row && (same(text(each, "field"), field, oldField) || same(targetOf(each)?.value, target, oldTarget)));
  }

  // What is said of rows comes from the server, for those that a change has to do with --------
  function look(row) {
    changed.add(row);
    soon();
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(check, WAIT_MS);
  }

  // One question at a time: of several at once only the last would be asked.
  function answered() {
    asked = null;
    if (again) soon();
    again = false;
  }

  function check() {
    const whole = form();
    if (!whole?.querySelector("[data-later]")) return;
    if (asked) { again = true; return; }
    if (!due.size) leading = new Set();
    for (const row of changed) {
      if (!row.isConnected) continue;
      leading.add(row);
      for (const each of [row, ...related(row)]) if (kindOf(each) === "r") due.add(each);
    }
    changed = new Set();
    // Hundreds of rows are asked about in portions, each beside what changed.
    const portion = [...due].slice(0, AT_ONCE);
    portion.forEach((row) => due.delete(row));
    again ||= due.size > 0;
    const sent = new Set([...leading, ...portion].filter((row) => row.isConnected && kindOf(row) === "r"));
    const rows = rowsOf("r");
    const values = { act: "rows" };
    for (const name of ["csrfmiddlewaretoken", "object_type_property"]) values[name] = whole.elements[name]?.value ?? "";
    values.object = whole.elements.object?.value ?? "";
    values.name = whole.elements.name?.value ?? "";
    if (whole.elements.create_profiles?.checked) values.create_profiles = "on";
    let place = 0;
    for (const row of rows) {
      if (sent.has(row)) {
        Object.assign(values, sentOf(row));
        values[`at${row.dataset.row}`] = String(place);
        before.set(row, [text(row, "field"), targetOf(row)?.value ?? ""]);
      }
      if (!isBlank(row)) place += 1;
    }
    for (const row of rowsOf("m")) Object.assign(values, sentOf(row));
    values.elsewhere = String(rows.filter((row) => !sent.has(row) && isBad(row)).length);
    values.mapped = String(place);
    values.fields = rows.map((row) => text(row, "field")).filter(Boolean).join();
    asked = document.getElementById("steps");
    htmx.ajax("POST", whole.dataset.goal, { source: document.body, target: document.body, swap: "none", values }).then(answered, answered);
  }

  // A row that was removed while the server was asked has no place for the answer any more.
  function ofThoseLeft(answer) {
    const page = new DOMParser().parseFromString(answer, "text/html");
    const lost = [...page.querySelectorAll("[hx-swap-oob]")].filter((each) => !document.getElementById(each.id));
    lost.forEach((each) => each.remove());
    return lost.length ? page.body.innerHTML : answer;
  }

  // What is said of rows is of no use once all steps were drawn anew.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!asked || detail.target !== document.body) return;
    if (asked !== document.getElementById("steps")) detail.shouldSwap = false;
    else detail.serverResponse = ofThoseLeft(detail.serverResponse);
  });

  // What was typed while the server answered stays, and whoever goes by keys stays where they are.
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    if (!detail.target.matches?.(".opts")) return;
    const named = new Map([...detail.fragment.querySelectorAll("[name]")].map((each) => [each.name, each]));
    for (const old of detail.target.querySelectorAll("[name]")) {
      const other = named.get(old.name);
      if (!other) continue;
      if (other.type === "checkbox") other.checked = old.checked;
      else if (!other.options || [...other.options].some((each) => each.value === old.value)) other.value = old.value;
      if (old === document.activeElement) setTimeout(() => other.focus());
    }
  });

  function sentOf(row) {
    const found = {};
    for (const control of row.querySelectorAll(CONTROLS))
      if (control.type !== "checkbox" || control.checked) found[control.name] = control.value;
    return found;
  }

  // Counts, filter ----------------------------------------------------------------
  let shown = "all";

  function count() {
    const list = rowsOf("r");
    const numbers = { all: list.filter((row) => !isBlank(row)).length, bad: list.filter(isBad).length, empty: list.filter(isEmpty).length };
    for (const [name, number] of Object.entries(numbers))
      for (const each of document.querySelectorAll(`[data-number=${name}]`)) each.textContent = String(number);
    for (const row of list) row.classList.toggle("is-bad", isBad(row));
    for (const row of rowsOf("m")) row.classList.toggle("is-bad", isBad(row));
  }

  const isEmpty = (row) => !text(row, "field") || !targetOf(row)?.value.trim();

  function filter() {
    const wanted = (document.querySelector("[data-filter]")?.value ?? "").trim().toLowerCase();
    const fits = { all: () => true, bad: isBad, empty: isEmpty }[shown];
    let any = false;
    for (const row of rowsOf("r")) {
      const inside = !wanted || [text(row, "field"), targetOf(row)?.value ?? "", labelOf(part(row, "field")), labelOf(targetOf(row))].some((each) => each.toLowerCase().includes(wanted));
      row.hidden = !(inside && fits(row));
      any ||= !row.hidden;
    }
    const none = document.querySelector("[data-none]");
    if (none) none.hidden = any;
  }

  function optionOf(input) {
    return input?.picker?.chosen ?? [...(input?.list?.options ?? [])].find((each) => each.value === input.value);
  }
  const labelOf = (input) => (input?.value ? optionOf(input)?.label ?? input.value : "");

  // What the pickers and menus ask for ------------------------------------------------
  const inUse = (rows, name, but) => rows.filter((row) => row !== but).map((row) => (name === "field" ? text(row, "field") : targetOf(row)?.value)).filter(Boolean);

  function tags(input) {
    const row = input.closest(".map-row");
    if (!row) return null;
    const found = new Map();
    const isField = input.name.endsWith(".field");
    for (const each of inUse(rowsOf(kindOf(row)), isField ? "field" : "target", row)) found.set(each, "in use");
    if (isField && kindOf(row) === "r") for (const each of inUse(rowsOf("m"), "field", null)) found.set(each, "matched in step 2");
    return found;
  }

  function beforeMenu(select) {
    const row = select.closest(".map-row");
    const target = row && optionOf(targetOf(row));
    for (const option of select.options) {
      const note = document.querySelector(`#rule-notes [data-rule="${option.value}"]`);
      if (note) option.dataset.note = note.textContent;
      const why = target?.getAttribute(`data-not-${option.value}`);
      option.disabled = Boolean(why) && !option.selected;
      option.dataset.why = why ?? "";
    }
  }

  // Unsaved changes in numbers ---------------------------------------------------------
  let stood = null;

  function groups() {
    const found = new Map();
    for (const control of form().elements) {
      if (!control.name || /^(csrfmiddlewaretoken|seen|act|chosen.*)$/.test(control.name) || control.type === "hidden") continue;
      const group = /^[a-z]+\d+(?=\.)/.exec(control.name)?.[0] ?? control.name;
      const value = ["checkbox", "radio"].includes(control.type) ? (control.checked ? control.value : "") : control.value;
      found.set(group, `${found.get(group) ?? ""}\n${control.name}=${value}`);
    }
    for (const [group, value] of found) if (/^[a-z]+\d+$/.test(group) && blank.test(value)) found.delete(group);
    return found;
  }
  const blank = /^(\n[a-z]+\d+\.(rule=[a-z_]+|kind=[a-z_]+|[a-z_]+=))*$/;

  function number() {
    const mark = document.querySelector("[data-unsaved-number]");
    if (!mark || !form()) return;
    if (stood === null || form().querySelector("[data-unsaved-now]")) { mark.textContent = ""; return; }
    const now = groups();
    let many = 0;
    for (const [group, value] of now) if (stood.get(group) !== value) many += 1;
    for (const group of stood.keys()) if (!now.has(group)) many += 1;
    const order = (all, other) => [...all.keys()].filter((each) => other.has(each)).join();
    if (order(stood, now) !== order(now, stood)) many += 1;
    mark.textContent = many ? `: ${many} ${many === 1 ? "change" : "changes"}` : "";
  }

  // Suggestions ------------------------------------------------------------------------
  function take(pair) {
    const { field, property, rule, value, to = "r" } = pair.dataset;
    rowsOf(to).find(isBlank)?.remove();
    add(to, { field, property, identifier: property, rule, value });
    drop(pair);
  }

  function drop(pair) {
    const all = pair.closest("#suggested");
    pair.remove();
    const left = all.querySelectorAll("[data-pair]").length;
    if (left) all.querySelector("[data-pairs]").textContent = left === 1 ? "1 likely pair" : `${left} likely pairs`;
    else all.replaceChildren();
  }

  const ACTS = {
    add: (kind) => {
      const row = add(kind);
      pickersOf(row)[0]?.picker?.open();
    },
    take: (_, button) => {
      const next = button.closest("[data-pair]").nextElementSibling;
      take(button.closest("[data-pair]"));
      (next?.querySelector("button") ?? document.getElementById("add-r"))?.focus();
    },
    dismiss: (_, button) => {
      const next = button.closest("[data-pair]").nextElementSibling;
      drop(button.closest("[data-pair]"));
      (next?.querySelector("button") ?? document.getElementById("add-r"))?.focus();
    },
    takeall: () => {
      document.querySelectorAll("#suggested [data-pair]").forEach(take);
      document.getElementById("add-r")?.focus();
    },
    dismissall: () => {
      document.getElementById("suggested").replaceChildren();
      document.getElementById("add-r")?.focus();
    },
  };

  // Events ---------------------------------------------------------------------------
  let making = null; // the input that a property is made for

  document.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-tool]");
    const act = event.target.closest("[data-act]");
    const show = event.target.closest("[data-show]");
    const make = event.target.closest("[data-make-it]");
    if (tool) {
      event.preventDefault();
      TOOLS[tool.dataset.tool](tool.closest(".map-row"), tool);
    } else if (act) {
      event.preventDefault();
      const [what, kind] = act.dataset.act.split(":");
      ACTS[what](kind, act);
    } else if (show) {
      shown = show.dataset.show;
      for (const each of document.querySelectorAll("[data-show]")) each.setAttribute("aria-pressed", String(each === show));
      filter();
    } else if (make) {
      event.preventDefault();
      const row = make.closest(".map-row");
      making = targetOf(row);
      making.picker.close(false);
      const address = new URL(make.href);
      address.searchParams.set("field", text(row, "field"));
      htmx.ajax("GET", `${address.pathname}${address.search}`, { source: document.getElementById("dialog"), target: "#dialog", select: "#make", swap: "innerHTML" });
    }
  });

  document.addEventListener("made", (event) => {
    const { key, options } = event.detail;
    for (const [list, option] of Object.entries(options)) document.getElementById(list)?.insertAdjacentHTML("beforeend", option);
    document.getElementById("dialog").close();
    if (!making) return;
    making.value = key;
    making.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.matches("[data-filter]") && event.key === "Enter") {
      event.preventDefault();
      ACTS.add("r");
    } else if (event.target.matches(".grip") && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      TOOLS[event.key === "ArrowUp" ? "up" : "down"](event.target.closest(".map-row"), event.target);
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-filter]")) filter();
    const title = document.querySelector(`[data-title-of="${event.target.id}"] bdi`);
    if (event.target.id && title) title.textContent = event.target.value || "New goal";
  });

  document.addEventListener("change", (event) => {
    const row = event.target.closest?.(".map-row");
    if (["create_profiles", "object_type_property"].includes(event.target.name)) soon(); // steps say it
    if (row && event.target.matches(CONTROLS)) {
      look(row);
      row.setAttribute("aria-label", `${labelOf(part(row, "field")) || "No field yet"}, ${labelOf(targetOf(row)) || "nothing yet"}`);
      onwards(row, event.target);
    }
    later();
  });

  let counting = 0;
  function later() {
    clearTimeout(counting);
    counting = setTimeout(() => { count(); number(); }, WAIT_MS);
  }

  // Whoever goes by keys is led from the field to the property, and from there to the next row.
  function onwards(row, control) {
    if (!control.picker || !control.value || !row.contains(document.activeElement)) return;
    const [first, last] = pickersOf(row);
    if (control === first && last?.picker && !last.value) last.picker.open();
    else if (control === last && !row.nextElementSibling) document.getElementById(`add-${kindOf(row)}`)?.focus();
  }

  // Rows are dragged by their grips.
  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    if (!event.target.matches?.(".grip")) return;
    dragged = event.target.closest(".map-row");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setDragImage(dragged, 12, 12);
  });
  document.addEventListener("dragover", (event) => {
    const over = event.target.closest?.(".map-row");
    if (!dragged || !over || over === dragged || over.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
  });
  document.addEventListener("dragend", () => {
    if (dragged) told(dragged);
    dragged = null;
  });

  function begin() {
    if (!form()) return;
    Object.assign(globalThis.isthmus, { tags, beforeMenu });
    readyAll();
    count();
    const focus = document.querySelector("[data-go-on]")?.dataset.goOn;
    if (focus) document.getElementById(`${focus}-button`)?.focus();
  }

  document.addEventListener("DOMContentLoaded", () => {
    begin();
    stood = form() ? groups() : null;
  });
  // A step that somebody opened or folded stays so when all are drawn anew.
  let opened = null;
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target?.id === "steps") opened = new Map([...document.querySelectorAll("#steps .step")].map((step) => [step.id, step.open]));
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target?.id !== "steps" || !opened) return;
    for (const [id, open] of opened) document.getElementById(id)?.toggleAttribute("open", open);
    opened = null;
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (!form()) return;
    if (detail.target?.id === "steps") begin();
    if (["known", "steps"].includes(detail.target?.id))
      for (const input of document.querySelectorAll("input[data-picker]")) input.picker?.draw();
    settled();
  });

  // One answer may say something of hundreds of rows: what is worked out of all follows once.
  let settling = 0;
  function settled() {
    cancelAnimationFrame(settling);
    settling = requestAnimationFrame(() => { count(); filter(); number(); });
  }
})();
