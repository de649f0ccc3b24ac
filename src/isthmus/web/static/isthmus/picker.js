// A searchable picker made of a <select data-picker>: the select stays and is what is submitted.
//
// An <option> may carry data-code (its API name or key), data-type and data-icon (of its type),
// data-samples (values, joined), data-tag (a word beside it), and data-why (why it is disabled).
// data-make on the select is an address that makes a new one: it gets what was typed as `name`.
//
// An <input data-picker list="…"> is one, too: its choices are the <datalist>'s, which stands once in
// the page for any number of inputs; an option's value is its code. With data-free also a path can be
// typed that is no choice. `isthmus.tags(input)` may give words beside choices, by value.
//
// A <select data-menu> becomes a menu without a search: data-note of an option is a line about it.
(() => {
  "use strict";
  const MOST = 14; // options drawn at once: what is seen; the others follow when somebody goes to them
  const PAGE = 8; // options that a key goes past
  let made = 0;
  let left = null; // the picker that had the focus when the part of the page around it was replaced

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== null) made.setAttribute(key, value);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function icon(name) {
    const any = document.querySelector("use[href*='#i-']")?.getAttribute("href") ?? "#i-x";
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "i");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", any.replace(/#i-.*/, `#i-${name}`));
    svg.append(use);
    return svg;
  }

  const PATH = /^[A-Za-z]\w*(\.[A-Za-z]\w*){0,5}$/;
  const known = new WeakMap(); // by datalist: its options, by their values in lower case

  function option(list, value) {
    let found = known.get(list);
    if (!found || found.size !== list.options.length) {
      found = new Map([...list.options].map((each) => [each.value.toLowerCase(), each]));
      known.set(list, found);
    }
    return found.get(value.toLowerCase());
  }

  const isInput = (control) => control.matches("input");
  const textOf = (option) => (option.label || option.textContent).trim();
  const codeOf = (option) => option.dataset.code ?? (option.parentElement?.matches("datalist") ? option.value : undefined);

  function typeOf(option) {
    if (!option?.dataset?.icon) return null;
    return element("span", { class: "type", title: option.dataset.type }, icon(option.dataset.icon), element("span", { class: "vh" }, option.dataset.type));
  }

  function marked(text, wanted) {
    const at = wanted ? text.toLowerCase().indexOf(wanted) : -1;
    if (at < 0) return [text];
    return [text.slice(0, at), element("mark", {}, text.slice(at, at + wanted.length)), text.slice(at + wanted.length)];
  }

  class Picker {
    constructor(select) {
      this.select = select;
      this.draws = []; // what draws each option of the list, of which those from here to there stand in it
      this.from = this.until = 0;
      this.id = `picker-${++made}`;
      this.label = select.hasAttribute("aria-label") ? null : select.labels?.[0];
      const name = (this.label?.textContent ?? select.getAttribute("aria-label") ?? "").trim();
      this.name = name || "Choose";
      this.button = element("button", {
        type: "button", class: "picker-btn", id: `${select.id || this.id}-button`, "aria-haspopup": "listbox", "aria-expanded": "false",
        "aria-describedby": select.getAttribute("aria-describedby"), "aria-invalid": select.getAttribute("aria-invalid"),
      });
      this.box = element("div", { class: "picker" }, this.button);
      if (select.getAttribute("aria-invalid")) this.box.classList.add("is-bad");
      select.after(this.box);
      select.hidden = true;
      select.pickerReady = true;
      select.picker = this;
      this.draw();
      if (this.label) {
        this.label.removeAttribute("for");
        this.label.addEventListener("click", () => this.button.focus());
      }
      this.button.addEventListener("click", () => (this.pop ? this.close() : this.open()));
      this.button.addEventListener("keydown", (event) => {
        if (["ArrowDown", "ArrowUp"].includes(event.key)) { event.preventDefault(); this.open(); }
      });
      select.addEventListener("change", () => this.draw());
      if (select.matches(":disabled")) this.button.disabled = true;
      if (select.autofocus || this.button.id === left) this.button.focus();
    }

    get options() {
      return [...(isInput(this.select) ? this.select.list?.options ?? [] : this.select.options)];
    }

    get chosen() {
      if (!isInput(this.select)) return this.select.selectedOptions[0];
      return this.select.list ? option(this.select.list, this.select.value) : undefined;
    }

    draw() {
      const chosen = this.chosen;
      const text = chosen ? textOf(chosen) : isInput(this.select) ? this.select.value : "";
      const empty = isInput(this.select) ? !text : !chosen?.value;
      const code = chosen && codeOf(chosen);
      this.button.setAttribute("aria-label", `${this.name}: ${text || "choose"}`);
      const label = element("span", { class: empty ? "name faint" : "name" }, empty ? document.createTextNode(text || this.select.placeholder || "Choose") : element("b", {}, text), code ? element("code", {}, code) : null, chosen?.dataset.tag ? element("span", { class: "chip" }, chosen.dataset.tag) : null);
      this.button.replaceChildren(typeOf(chosen) ?? element("span"), label, icon("updown"));
      if (chosen?.dataset.samples) this.button.append(element("span", { class: "samples" }, chosen.dataset.samples));
    }

    open() {
      if (this.pop) return;
      this.field = element("input", {
        role: "combobox", "aria-expanded": "true", "aria-controls": `${this.id}-list`, "aria-autocomplete": "list",
        "aria-label": `Search: ${this.name}`, autocomplete: "off", spellcheck: "false",
      });
      this.told = element("span", { class: "small", role: "status" });
      this.list = element("ul", { id: `${this.id}-list`, role: "listbox", "aria-label": this.name });
      this.pop = element("div", { class: "pop" }, element("div", { class: "pop-search" }, icon("search"), this.field, this.told), this.list);
      if (isInput(this.select)) this.pop.append(this.hints());
      this.tags = isInput(this.select) ? globalThis.isthmus?.tags?.(this.select) : null;
      this.box.append(this.pop);
      this.box.classList.add("is-open");
      this.button.setAttribute("aria-expanded", "true");
      this.field.addEventListener("input", () => this.filter());
      this.field.addEventListener("keydown", (event) => this.key(event));
      this.list.addEventListener("pointermove", (event) => this.activate(event.target.closest("[role=option]")));
      this.list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
      this.list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
      this.list.addEventListener("scroll", () => {
        if (this.list.scrollTop + this.list.clientHeight > this.list.scrollHeight - 200) this.more();
        if (this.list.scrollTop < 100) this.less();
      }, { passive: true });
      this.away = (event) => { if (!this.box.contains(event.target)) this.close(false); };
      document.addEventListener("pointerdown", this.away);
      this.box.addEventListener("focusout", (this.out = (event) => { if (event.relatedTarget && !this.box.contains(event.relatedTarget)) this.close(false); }));
      this.filter();
      this.field.focus();
    }

    hints() {
      const key = (name) => element("kbd", {}, name);
      const footer = element("footer", {}, element("span", {}, key("↑"), " ", key("↓"), " choose"), element("span", {}, key("Enter"), " take"), element("span", {}, key("Esc"), " close"));
      const { make } = this.select.dataset;
      if (make) {
        this.maker = element("a", { class: "btn s push", href: make, "data-make-it": "" }, icon("plus"), this.select.dataset.makeWord ?? "Make it");
        footer.append(this.maker);
      }
      return footer;
    }

    close(back = true) {
      if (!this.pop) return;
      document.removeEventListener("pointerdown", this.away);
      this.box.removeEventListener("focusout", this.out);
      this.pop.remove();
      this.pop = null;
      this.box.classList.remove("is-open");
      this.button.setAttribute("aria-expanded", "false");
      if (back) this.button.focus();
    }

    filter() {
      const wanted = this.field.value.trim().toLowerCase();
      const options = this.options.filter((option) => option.value || !wanted);
      const found = options.filter((option) => !wanted || textOf(option).toLowerCase().includes(wanted) || (codeOf(option) ?? "").toLowerCase().includes(wanted));
      const chosen = this.chosen;
      this.draws = found.map((option, place) => () => this.item(option, place, wanted, option === chosen));
      const free = this.free();
      if (free) this.draws.push(() => free);
      this.list.replaceChildren();
      // The list begins shortly before what is chosen: all that stands before it is drawn when asked for.
      this.from = this.until = wanted ? 0 : Math.max(0, found.indexOf(chosen) - 3);
      this.more();
      if (this.until - this.from < PAGE) this.less();
      this.told.textContent = `${found.length} of ${options.length}`;
      this.offer(wanted, this.draws.length);
      // What was active is no longer in the list: Enter must not choose what nobody sees.
      this.active = null;
      this.field.removeAttribute("aria-activedescendant");
      const current = this.list.querySelector("[aria-selected=true]");
      this.activate(!wanted && current ? current : this.list.querySelector("[role=option]:not([aria-disabled])"));
    }

    more() {
      const next = this.draws.slice(this.until, this.until + MOST);
      this.until += next.length;
      this.list.append(...next.map((draw) => draw()));
    }

    less() {
      if (!this.from) return;
      const [height, at] = [this.list.scrollHeight, this.list.scrollTop];
      const before = this.draws.slice(Math.max(0, this.from - MOST), this.from);
      this.from -= before.length;
      this.list.prepend(...before.map((draw) => draw()));
      this.list.scrollTop = at + this.list.scrollHeight - height; // what is seen stays where it is
    }

    // Draw what a key may go to.
    reach(key, at, number) {
      const down = ["ArrowDown", "PageDown"].includes(key) && number - at <= PAGE;
      const up = ["ArrowUp", "PageUp"].includes(key) && at < PAGE;
      if (down) this.more();
      if (up) this.less();
      if (this.field.value) return; // the keys go through what was typed
      while (key === "End" && this.until < this.draws.length) this.more();
      while (key === "Home" && this.from) this.less();
    }

    // What was typed, where it is no choice but may be one: a path to a parent's field.
    free() {
      const typed = this.field.value.trim();
      if (!("free" in this.select.dataset) || !PATH.test(typed) || option(this.select.list, typed)) return null;
      const item = element("li", { class: "opt", role: "option", id: `${this.id}-free`, "aria-selected": "false" }, element("span"), element("span", { class: "name" }, element("b", {}, typed)), element("span"), element("span", { class: "samples" }, "Take it as it is typed"));
      item.option = { value: typed };
      return item;
    }

    item(option, place, wanted, isChosen) {
      const why = option.disabled ? option.dataset.why ?? "" : "";
      const code = codeOf(option);
      const tag = this.tags?.get(option.value) ?? option.dataset.tag;
      const item = element("li", {
        class: "opt", role: "option", id: `${this.id}-${place}`, "aria-selected": String(isChosen), "aria-disabled": option.disabled ? "true" : null,
        "aria-posinset": String(place + 1), "aria-setsize": String(this.draws.length),
      }, typeOf(option) ?? element("span"), element("span", { class: "name" }, element("b", {}, ...marked(textOf(option) || "None", wanted)), code ? element("code", {}, ...marked(code, wanted)) : null), isChosen ? icon("check") : element("span", { class: "small faint" }, tag ?? ""));
      if (why) item.append(element("span", { class: "why" }, why));
      else if (option.dataset.samples) item.append(element("span", { class: "samples" }, option.dataset.samples));
      item.option = option;
      return item;
    }

    offer(wanted, found) {
      this.pop.querySelector(".pop-none")?.remove();
      const named = this.select.dataset.make;
      if (this.maker) this.maker.href = `${named}${named.includes("?") ? "&" : "?"}name=${encodeURIComponent(this.field.value.trim())}`;
      if (found) return;
      const none = element("div", { class: "empty pop-none" }, element("p", {}, wanted ? `Nothing is called “${this.field.value.trim()}”.` : "There is nothing to choose."));
      const make = this.select.dataset.make;
      if (make && !this.maker) none.append(element("a", { class: "btn", href: `${make}${make.includes("?") ? "&" : "?"}name=${encodeURIComponent(this.field.value.trim())}` }, icon("plus"), "Make it"));
      this.list.after(none);
    }

    activate(item) {
      if (!item || item === this.active) return;
      this.active?.classList.remove("is-active");
      this.active = item;
      item.classList.add("is-active");
      this.field.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    }

    key(event) {
      this.reach(event.key, [...this.list.children].indexOf(this.active), this.list.children.length);
      const items = [...this.list.querySelectorAll("[role=option]")];
      const at = items.indexOf(this.active);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1, PageDown: at + PAGE, PageUp: at - PAGE }[event.key];
      if (to !== undefined && !(["Home", "End"].includes(event.key) && this.field.value)) {
        event.preventDefault();
        this.activate(items[Math.max(0, Math.min(items.length - 1, to))]);
      } else if (event.key === "Enter") {
        event.preventDefault();
        this.choose(this.active);
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        this.close();
      }
    }

    choose(item) {
      if (!item || item.getAttribute("aria-disabled")) return;
      const before = this.select.value;
      if (isInput(this.select)) this.select.value = item.option.value;
      else item.option.selected = true;
      this.close();
      this.draw();
      if (this.select.value !== before) {
        this.select.dispatchEvent(new Event("input", { bubbles: true }));
        this.select.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
  }

  // Few choices with a line about each, and no search.
  class Menu extends Picker {
    constructor(select) {
      super(select);
      this.button.className = "select-btn";
    }

    draw() {
      const text = this.chosen ? textOf(this.chosen) : "";
      this.button.setAttribute("aria-label", `${this.name}: ${text || "choose"}`);
      this.button.replaceChildren(text || "Choose", icon("updown"));
    }

    open() {
      if (this.pop) return;
      globalThis.isthmus?.beforeMenu?.(this.select); // may disable what does not fit, with the reason
      this.list = element("ul", { id: `${this.id}-list`, role: "listbox", "aria-label": this.name, tabindex: "-1" });
      this.pop = element("div", { class: "pop menu-of-rules" }, this.list);
      this.field = this.list;
      this.box.append(this.pop);
      this.box.classList.add("is-open");
      this.button.setAttribute("aria-expanded", "true");
      this.list.replaceChildren(...this.options.map((option, place) => this.item(option, place)));
      this.list.addEventListener("keydown", (event) => this.key(event));
      this.list.addEventListener("pointermove", (event) => this.activate(event.target.closest("[role=option]")));
      this.list.addEventListener("mousedown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
      this.away = (event) => { if (!this.box.contains(event.target)) this.close(false); };
      document.addEventListener("pointerdown", this.away);
      this.box.addEventListener("focusout", (this.out = (event) => { if (event.relatedTarget && !this.box.contains(event.relatedTarget)) this.close(false); }));
      this.active = null;
      this.list.focus();
      this.activate(this.list.querySelector("[aria-selected=true]") ?? this.list.firstElementChild);
    }

    item(option, place) {
      const item = element("li", {
        class: "opt", role: "option", id: `${this.id}-${place}`, "aria-selected": String(option.selected), "aria-disabled": option.disabled ? "true" : null,
      }, option.disabled ? icon("lock") : option.selected ? icon("check") : element("span"), element("span", { class: "name" }, element("b", {}, textOf(option))), element("span"));
      const note = option.disabled ? option.dataset.why : option.dataset.note;
      if (note) item.append(element("span", { class: "why" }, note));
      item.option = option;
      return item;
    }

    key(event) {
      if (event.key === " ") {
        event.preventDefault();
        this.choose(this.active);
      } else super.key(event);
    }
  }

  // Those of long lists are made when they are needed: `isthmus.pick` makes those of a part.
  function upgrade(part = document) {
    for (const control of part.querySelectorAll("select[data-picker], input[data-picker], select[data-menu]")) {
      if (control.pickerReady || (part === document && control.closest("[data-later]"))) continue;
      if (control.matches("[data-menu]")) new Menu(control);
      else new Picker(control);
    }
  }
  document.addEventListener("htmx:beforeSwap", () => { left = document.activeElement?.closest(".picker-btn")?.id ?? null; });
  document.addEventListener("DOMContentLoaded", () => upgrade());
  document.addEventListener("htmx:afterSwap", () => upgrade()); // at once: keys that follow go on from it
  let settling = 0; // one answer may settle in hundreds of places: they are gone through once
  document.addEventListener("htmx:afterSettle", () => {
    cancelAnimationFrame(settling);
    settling = requestAnimationFrame(() => upgrade());
  });
  globalThis.isthmus = Object.assign(globalThis.isthmus ?? {}, { pick: upgrade });
})();
