// Signing in to Salesforce in a window of its own. Without script the same form leads there and back.
(() => {
  "use strict";
  const NAME = "isthmus-sign-in";
  const SIZE = { width: 620, height: 780 };
  const SOON = 300;
  const QUICK = 1500; // milliseconds between two looks at how the sign-in stands
  const SLOW = 5000; // and after its window is gone: Salesforce may have hidden it from us
  const LONGEST = 15 * 60 * 1000; // no code of Salesforce lives longer

  const channel = new BroadcastChannel(NAME);
  let going = null; // the sign-in that is under way here

  const find = (selector, within = document) => within.querySelector(selector);

  // What is said of it ----------------------------------------------------------------
  function say(kind, text, ...acts) {
    const place = find("#sign-in-said");
    const template = find(`template[data-note="${kind}"]`);
    const note = template.content.firstElementChild.cloneNode(true);
    find("[data-text]", note).textContent = text;
    if (acts.length) {
      const row = document.createElement("p");
      row.className = "row";
      row.append(...acts);
      find("[data-text]", note).after(row);
    }
    place.replaceChildren(note);
    return note;
  }
  function act(word, done, kind = "btn s") {
    const button = document.createElement("button");
    button.type = "button";
    button.className = kind;
    button.textContent = word;
    button.addEventListener("click", done);
    return button;
  }

  // Beginning ---------------------------------------------------------------------------
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-sign-in]");
    if (!form || event.defaultPrevented) return;
    event.preventDefault();
    end();
    say("run", "Getting ready to go to Salesforce.");
    const sent = new FormData(form);
    sent.set("window", "new");
    let answer;
    try {
      answer = await fetch(form.action, { method: "POST", body: sent });
    } catch {
      say("bad", "Couldn’t reach the server. Nothing was changed; try again.");
      return;
    } finally {
      form.dispatchEvent(new Event("acted", { bubbles: true }));
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const go = find("[data-go]", page);
    if (go) begin(form.dataset.signIn, go.href);
    else refused(form, page);
  });

  // A page that says why not, in place of this one where it is the same.
  function refused(form, page) {
    const [here, there] = [find("#connect"), find("#connect", page)];
    if (!here || !there) return form.submit(); // the answer is a page to be shown whole
    here.replaceWith(document.importNode(there, true));
    htmx.process(find("#connect"));
    (find("#connect [aria-invalid=true], #connect [role=alert]") ?? find("#connect")).scrollIntoView({ block: "nearest" });
    find("#connect [aria-invalid=true]")?.focus();
  }

  function begin(state, address) {
    going = { state, address, since: Date.now(), popup: null, gone: false, closed: false, timer: 0 };
    if (!open()) blocked();
    look();
  }

  function open() {
    const left = screenX + Math.max(0, (outerWidth - SIZE.width) / 2);
    const top = screenY + Math.max(0, (outerHeight - SIZE.height) / 3);
    const popup = window.open("", NAME, `popup,width=${SIZE.width},height=${SIZE.height},left=${left},top=${top}`);
    if (!popup) return false;
    try {
      popup.opener = null; // what is shown there has no business with this page
    } catch {
      // It still shows Salesforce's pages of an earlier try.
    }
    popup.location.href = going.address;
    popup.focus();
    going.popup = popup;
    going.gone = going.closed = false;
    waiting();
    return true;
  }

  function waiting() {
    say(
      "run",
      "Go on in Salesforce’s window: sign in there, and allow access.",
      act("Show the window", () => going?.popup?.focus()),
      act("Cancel", cancel, "btn s quiet"),
    );
  }

  function blocked() {
    const link = document.createElement("a");
    link.className = "btn s primary";
    link.href = going.address;
    link.target = NAME;
    link.textContent = "Open Salesforce’s page";
    link.addEventListener("click", (event) => {
      if (going && open()) event.preventDefault();
    });
    say("warn", "Your browser blocked Salesforce’s window. Allow pop-ups for this page, or open it by this link.", link);
    link.focus();
  }

  function closed() {
    going.closed = true;
    say(
      "warn",
      "Salesforce’s window was closed before the sign-in was done. Nothing was changed.",
      act("Open it again", () => open() || blocked()),
      act("Leave it", cancel, "btn s quiet"),
    );
  }

  function cancel() {
    const popup = going?.popup;
    end();
    popup?.close();
    find("#sign-in-said").replaceChildren();
    find("form[data-sign-in] button")?.focus();
  }

  function end() {
    clearTimeout(going?.timer);
    going = null;
  }

  // Looking how it stands ---------------------------------------------------------------
  async function look() {
    const mine = going;
    if (!mine) return;
    clearTimeout(mine.timer);
    let stands = null;
    try {
      const answer = await fetch(mine.state, { headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) stands = await answer.json();
    } catch {
      // The server is away for a moment; it is asked again.
    }
    if (going !== mine) return;
    if (stands?.outcome) return ended(stands);
    const gone = Boolean(mine.popup?.closed);
    // It closes itself when it is done, maybe since the answer left: so the next answer counts.
    if (gone && mine.gone && !mine.closed) closed();
    if (Date.now() - mine.since > LONGEST) return late();
    mine.timer = setTimeout(look, mine.closed ? SLOW : gone ? SOON : QUICK);
    mine.gone = gone;
  }
  channel.addEventListener("message", look);
  addEventListener("focus", look);

  function late() {
    end();
    say("warn", "The sign-in took too long. Nothing was changed; begin again.");
  }

  function ended(stands) {
    const popup = going.popup;
    end();
    popup?.close();
    const good = stands.outcome === "connected";
    say(good ? (stands.lacks ? "warn" : "ok") : "bad", stands.message);
    if (good) document.body.dispatchEvent(new Event("signed-in"));
    else find("form[data-sign-in] button")?.focus();
  }
})();
