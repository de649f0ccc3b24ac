// A searchable picker made of a <select data-picker>: the select stays and is what is submitted.
//
// An <option> may carry data-code (its API name or key), data-type and data-icon (of its type),
// data-samples (values, joined), and data-why (why it is disabled). data-make on the select is an
// address that makes a new one: it gets what was typed as `name`.
(() => {
  "use strict";
  const MOST = 200; // options drawn at once; typing narrows them down
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

  function typeOf(option) {
    if (!option?.dataset.icon) return null;
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
      this.id = `picker-${++made}`;
      this.label = select.labels?.[0];
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
      if (select.disabled) this.button.disabled = true;
      if (select.autofocus || this.button.id === left) this.button.focus();
    }

    draw() {
      const chosen = this.select.selectedOptions[0];
      const text = chosen?.textContent.trim() ?? "";
      const empty = !chosen?.value;
      this.button.setAttribute("aria-label", `${this.name}: ${text || "choose"}`);
      const label = element("span", { class: empty ? "name faint" : "name" }, empty ? document.createTextNode(text || "Choose") : element("b", {}, text), chosen?.dataset.code ? element("code", {}, chosen.dataset.code) : null);
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
      this.box.append(this.pop);
      this.box.classList.add("is-open");
      this.button.setAttribute("aria-expanded", "true");
      this.field.addEventListener("input", () => this.filter());
      this.field.addEventListener("keydown", (event) => this.key(event));
      this.list.addEventListener("pointermove", (event) => this.activate(event.target.closest("[role=option]")));
      this.list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
      this.list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
      this.away = (event) => { if (!this.box.contains(event.target)) this.close(false); };
      document.addEventListener("pointerdown", this.away);
      this.box.addEventListener("focusout", (this.out = (event) => { if (event.relatedTarget && !this.box.contains(event.relatedTarget)) this.close(false); }));
      this.filter();
      this.field.focus();
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
      const options = [...this.select.options].filter((option) => option.value || !wanted);
      const found = options.filter((option) => !wanted || option.textContent.toLowerCase().includes(wanted) || (option.dataset.code ?? "").toLowerCase().includes(wanted));
      this.list.replaceChildren(...found.slice(0, MOST).map((option, place) => this.item(option, place, wanted)));
      this.told.textContent = `${Math.min(found.length, MOST)} of ${options.length}`;
      this.offer(wanted, found.length);
      // What was active is no longer in the list: Enter must not choose what nobody sees.
      this.active = null;
      this.field.removeAttribute("aria-activedescendant");
      const current = this.list.querySelector("[aria-selected=true]");
      this.activate(!wanted && current ? current : this.list.querySelector("[role=option]:not([aria-disabled])"));
    }

    item(option, place, wanted) {
      const why = option.disabled ? option.dataset.why ?? "" : "";
      const item = element("li", {
        class: "opt", role: "option", id: `${this.id}-${place}`, "aria-selected": String(option.selected), "aria-disabled": option.disabled ? "true" : null,
      }, typeOf(option) ?? element("span"), element("span", { class: "name" }, element("b", {}, ...marked(option.textContent.trim() || "None", wanted)), option.dataset.code ? element("code", {}, ...marked(option.dataset.code, wanted)) : null), option.selected ? icon("check") : element("span"));
      if (why) item.append(element("span", { class: "why" }, why));
      else if (option.dataset.samples) item.append(element("span", { class: "samples" }, option.dataset.samples));
      item.option = option;
      return item;
    }

    offer(wanted, found) {
      this.pop.querySelector(".pop-none")?.remove();
      if (found) return;
      const none = element("div", { class: "empty pop-none" }, element("p", {}, wanted ? `Nothing is called “${this.field.value.trim()}”.` : "There is nothing to choose."));
      const make = this.select.dataset.make;
      if (make) none.append(element("a", { class: "btn", href: `${make}${make.includes("?") ? "&" : "?"}name=${encodeURIComponent(this.field.value.trim())}` }, icon("plus"), "Make it"));
      this.pop.append(none);
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
      const items = [...this.list.querySelectorAll("[role=option]")];
      const at = items.indexOf(this.active);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1, PageDown: at + 8, PageUp: at - 8 }[event.key];
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
      item.option.selected = true;
      this.close();
      this.draw();
      if (this.select.value !== before) {
        this.select.dispatchEvent(new Event("input", { bubbles: true }));
        this.select.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
  }

  function upgrade() {
    for (const select of document.querySelectorAll("select[data-picker]")) if (!select.pickerReady) new Picker(select);
  }
  document.addEventListener("htmx:beforeSwap", () => { left = document.activeElement?.closest(".picker-btn")?.id ?? null; });
  document.addEventListener("DOMContentLoaded", upgrade);
  document.addEventListener("htmx:afterSwap", upgrade); // at once: keys that follow go on from it
  document.addEventListener("htmx:afterSettle", upgrade);
})();
