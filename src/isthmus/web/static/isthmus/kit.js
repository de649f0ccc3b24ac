// What every page does by script. Without it the same pages work by links and forms.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  const find = (selector, within = document) => within.querySelector(selector);

  // Toasts ------------------------------------------------------------------
  const SHOWN_FOR = 6000;

  function say(text, kind) {
    // What is said again takes the place of what was said: a page that polls would pile it up.
    for (const each of document.querySelectorAll("#toasts .toast"))
      if (find("[data-text]", each).textContent === text) each.remove();
    const toast = find("#toast").content.firstElementChild.cloneNode(true);
    const bad = kind === "error" || kind === "warning";
    const shown = { error: "bad", warning: "warn" }[kind] ?? "ok";
    for (const each of toast.querySelectorAll(`.toast-icon:not([data-${shown}])`)) each.remove();
    find("[data-text]", toast).textContent = text;
    find("button", toast).addEventListener("click", () => toast.remove());
    find("#toasts").append(toast);
    if (!bad) setTimeout(() => toast.remove(), SHOWN_FOR);
  }
  document.addEventListener("said", (event) => {
    for (const each of event.detail.value ?? []) say(each.text, each.kind);
  });
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 403) say("Your role does not include that, or the page is too old. Open it again.", "error");
    else if (status === 404) say("That is gone. Open the page again.", "error");
    else if (status === 503) say("The database doesn't answer. Nothing was saved; try again in a minute.", "error");
    else say("That went wrong on the server. It was written to its log; try again.", "error");
  });
  document.addEventListener("htmx:sendError", (event) => {
    // Polling goes on by itself; a person's act is not lost without a word.
    if (event.detail.requestConfig.triggeringEvent?.type === "submit" || event.detail.elt.matches("a, button, form"))
      say("Couldn't reach the server. Nothing was changed; try again.", "error");
  });

  // Copying -----------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say("Copied.");
    } catch {
      say("The browser didn't allow copying. Select the text instead.", "error");
    }
  });

  // Keys: / finds a profile, Ctrl-S saves, Escape closes what was opened -----
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !typing(event.target) && !event.ctrlKey && !event.metaKey) {
      const field = find("[data-find]");
      if (field && field.offsetParent) {
        event.preventDefault();
        field.focus();
      }
    } else if (event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest("form"); // of several, the one that is typed in
      const save = (form && find("[data-save]:not([disabled])", form)) ?? find("[data-save]:not([disabled])");
      if (save) {
        event.preventDefault();
        save.click();
      }
    } else if (event.key === "Escape") {
      const open = event.target.closest("details[data-focus][open]");
      if (open) {
        open.open = false;
        find("summary", open).focus();
      }
    }
  });
  document.addEventListener(
    "toggle",
    (event) => {
      const details = event.target;
      if (details.matches?.("details[data-focus][open]")) {
        const field = find("input:not([type=hidden]), select, textarea", details);
        field?.focus();
        field?.select?.();
      }
    },
    true,
  );

  // Two clicks on one button are meant once: the second is dropped while the first is under way ----
  const ACT_FOR = 5000;
  let acting = new WeakMap(); // by form: the button, and when

  document.addEventListener(
    "submit",
    (event) => {
      const [form, button] = [event.target, event.submitter];
      const last = acting.get(form);
      if (button && last?.button === button && Date.now() - last.at < ACT_FOR) {
        event.preventDefault();
        event.stopImmediatePropagation();
      } else acting.set(form, { button, at: Date.now() });
    },
    true,
  );
  document.addEventListener("htmx:afterRequest", (event) => acting.delete(event.detail.elt));
  addEventListener("pageshow", () => {
    acting = new WeakMap();
  });

  // Unsaved changes: shown, and guarded ---------------------------------------
  const told = new WeakSet();
  let leaving = false;

  function written(form) {
    return new URLSearchParams([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken")).toString();
  }
  const shown = new WeakMap();

  function isUnsaved(form) {
    return told.has(form) || (shown.has(form) && shown.get(form) !== written(form));
  }
  function guard() {
    for (const form of document.querySelectorAll("form[data-guard]")) {
      if (shown.has(form)) continue;
      shown.set(form, written(form));
      if (form.hasAttribute("data-unsaved-now") || find("[data-unsaved-now]", form)) told.add(form);
    }
    look();
  }
  function look() {
    const unsaved = [...document.querySelectorAll("form[data-guard]")].some(isUnsaved);
    for (const mark of document.querySelectorAll("[data-unsaved]")) mark.hidden = !unsaved;
    for (const save of document.querySelectorAll("[data-save=changes]")) save.classList.toggle("primary", unsaved);
    return unsaved;
  }
  let looking = 0; // one look for all that happens at once: forms may have hundreds of controls
  for (const kind of ["input", "change", "reset"])
    document.addEventListener(kind, () => {
      looking ||= setTimeout(() => {
        looking = 0;
        look();
      }, 30);
    });

  // Saving one form of a page saves what was changed in its others too, so nothing that was typed
  // is lost as the page is left. All but the last are sent behind it; the last is the one that
  // can't be saved, if there is one: its answer is the page that says why.
  const sendable = (form) => form.matches("form[data-guard]") && !form.hasAttribute("hx-post");

  async function isSaved(form) {
    const body = new URLSearchParams(new FormData(form));
    try {
      return (await fetch(form.getAttribute("action"), { method: "POST", body, redirect: "manual" })).type === "opaqueredirect";
    } catch {
      return false;
    }
  }
  let saving = false;

  async function saveAll(forms) {
    saving = true;
    const refused = [];
    // What was unfolded stays so when a form in it is the last.
    forms.sort((one, other) => !!one.closest("details[open]") - !!other.closest("details[open]"));
    let last = forms.pop();
    for (const form of forms) {
      if (!(await isSaved(form))) refused.push(form);
      else {
        told.delete(form);
        shown.set(form, written(form));
      }
    }
    if (refused.length) {
      if (await isSaved(last)) {
        told.delete(last);
        shown.set(last, written(last));
      }
      last = refused[0];
    }
    const others = [...document.querySelectorAll("form[data-guard]")].filter((form) => form !== last);
    leaving = !others.some(isUnsaved); // of what is left behind the browser asks
    last.submit();
    saving = false;
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !sendable(form)) return;
    if (event.submitter?.getAttribute("formmethod") === "get") return;
    const unsaved = [...document.querySelectorAll("form[data-guard]")].filter(sendable).filter(isUnsaved);
    if (saving) event.preventDefault();
    else if (unsaved.some((other) => other !== form)) {
      event.preventDefault();
      saveAll(unsaved);
    } else leaving = true;
  });
  addEventListener("beforeunload", (event) => {
    if (!leaving && look()) event.preventDefault();
  });
  addEventListener("pageshow", () => {
    leaving = false;
  });

  // Menus close when something in them is chosen, or anything beside them --------
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
      else if (event.target.closest(".menu-item")) {
        menu.open = false;
        find("summary", menu).focus(); // the item that had it is no longer shown
      }
  });

  // Dialogs -------------------------------------------------------------------
  const dialog = find("#dialog");
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === dialog && !dialog.open) dialog.showModal();
  });
  document.addEventListener("click", (event) => {
    if (dialog?.open && (event.target === dialog || event.target.closest("[data-close]"))) {
      event.preventDefault();
      dialog.close();
    }
  });
  dialog?.addEventListener("close", () => dialog.replaceChildren());

  // A form whose control acts at once: a switch, a choice ------------------------
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-at-once]")) event.target.form.requestSubmit();
  });

  // What is typed and chosen while the server draws a part of a form anew is kept ----
  const asking = new WeakMap(); // by request: how the controls stood when it left
  const EDITED = "input[name]:not([type=hidden]), textarea[name], select[name]";

  // Controls have the same name before and behind, also where they become others.
  function controls(part) {
    const found = new Map();
    const seen = {};
    for (const each of part?.querySelectorAll(EDITED) ?? [])
      found.set(`${each.name} ${(seen[each.name] = (seen[each.name] ?? -1) + 1)}`, each);
    return found;
  }
  const isTick = (control) => control.matches("[type=checkbox], [type=radio]");
  const stands = (control) => (isTick(control) ? control.checked : control.value);

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const part = detail.target;
    const act = detail.requestConfig.formData?.get("act") ?? "";
    // What is removed moves the others up: then names mean something else behind.
    if (!part?.id || !part.closest("form[data-guard]") || act.startsWith("remove")) return;
    asking.set(detail.xhr, new Map([...controls(part)].map(([key, control]) => [key, stands(control)])));
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const sent = asking.get(detail.xhr);
    if (!sent) return;
    const edited = [];
    for (const [key, control] of controls(detail.target))
      if (sent.has(key) && sent.get(key) !== stands(control))
        edited.push({ key, value: stands(control), at: control === document.activeElement && control.selectionStart });
    asking.set(detail.xhr, edited);
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    const edited = asking.get(detail.xhr);
    if (!Array.isArray(edited)) return; // not asked for, or done: several parts may come at once
    const there = controls(document.getElementById(detail.target.id));
    const stood = new Map([...there.values()].map((control) => [control, stands(control)]));
    asking.set(detail.xhr, stood);
    for (const { key, value, at } of edited) {
      const control = there.get(key);
      const offers = control?.matches("select") ? [...control.options].some((each) => each.value === value) : control;
      if (!offers || isTick(control) !== (typeof value === "boolean")) continue;
      if (isTick(control)) control.checked = value;
      else control.value = value;
      if (at !== false) control.focus();
      if (Number.isInteger(at)) control.setSelectionRange?.(at, at);
    }
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    // Only now the new controls ask the server in their turn: also for what was chosen meanwhile.
    const stood = asking.get(detail.xhr);
    asking.delete(detail.xhr);
    for (const [control, value] of stood ?? [])
      if (control.isConnected && stands(control) !== value)
        for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
  });

  // A button that is pressed while its part is being replaced would go with it, and what it asked
  // for too: it is pressed once more in the new part.
  const replacing = new Map(); // by id of the part: buttons that were pressed meanwhile, by id
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, target } = event.detail;
    if (!target?.id || !target.contains(elt) || !elt.closest("form[data-guard]")) return;
    if (replacing.has(target.id) && elt.id && elt.matches("button")) {
      event.preventDefault();
      replacing.get(target.id).push(elt.id);
    } else if (!replacing.has(target.id)) replacing.set(target.id, []);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const pressed = replacing.get(detail.target?.id);
    replacing.delete(detail.target?.id);
    for (const id of pressed ?? []) document.getElementById(id)?.click();
  });

  // Who goes by keys is not thrown back to the top when the part that they are in is replaced.
  let within = false;
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    within = detail.target !== document.body && detail.target.contains(document.activeElement);
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const part = within && document.activeElement === document.body && document.getElementById(detail.target.id);
    if (part) find("[data-refocus]", part)?.focus();
  });

  // Suggestions of a field for several texts are for the last of them: the browser compares them with
  // all that was typed, so each begins with that.
  document.addEventListener("input", ({ target }) => {
    if (!target.matches?.("input[data-several][list]")) return;
    const parts = target.value.split(",");
    const before = target.value.slice(0, target.value.length - parts.at(-1).trimStart().length);
    const typed = new Set(parts.slice(0, -1).map((part) => part.trim()));
    for (const option of target.list?.options ?? []) {
      option.dataset.text ??= option.value;
      option.disabled = typed.has(option.dataset.text);
      option.value = before + option.dataset.text;
    }
  });

  // Parts that are replaced while somebody looks: what was opened stays open -----
  const keepOpen = (name, node) => !(name === "open" && node.nodeName === "DETAILS");
  if (globalThis.Idiomorph) Idiomorph.defaults.callbacks.beforeAttributeUpdated = keepOpen;

  let guarding = 0; // one answer may settle in hundreds of places
  document.addEventListener("htmx:afterSettle", () => {
    cancelAnimationFrame(guarding);
    guarding = requestAnimationFrame(guard);
  });
  document.addEventListener("DOMContentLoaded", guard);
  globalThis.isthmus = Object.assign(globalThis.isthmus ?? {}, { say });
})();
