// The page that Salesforce sends back to: it tells the page that began the sign-in, and closes itself.
(() => {
  "use strict";
  // The code in the address is of no more use; nobody should find it there.
  history.replaceState(null, "", location.pathname);
  new BroadcastChannel("isthmus-sign-in").postMessage("ended");
  if (window.name === "isthmus-sign-in") window.close();
})();
