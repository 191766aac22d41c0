// The console: says which pages there are, then draws the frame.

import { route } from "./router.js";
import { start } from "./shell.js";
import { livePage } from "./live.js";
import { findPage } from "./find.js";
import { interactionPage } from "./interaction.js";
import { conversationPage } from "./conversation.js";
import { soonPage } from "./soon.js";

route("live", livePage, { title: "Live", nav: "live" });
route("", livePage, { title: "Live", nav: "live" });
route("find", findPage, { title: "Find", nav: "find" });
route("interactions/:id", interactionPage, { title: "Interaction", nav: "find" });
route("conversations/:id", conversationPage, { title: "Conversation", nav: "find" });
route("retention", soonPage("Retention", "interactions-proxy retention --all"), { title: "Retention", nav: "retention" });
route("audit", soonPage("Audit", "interactions-proxy sql --list"), { title: "Audit", nav: "audit" });
route("health", soonPage("Health", "interactions-proxy status"), { title: "Health", nav: "health" });

start([
  { id: "live", path: "live", text: "Live" },
  { id: "find", path: "find", text: "Find" },
  { id: "retention", path: "retention", text: "Retention" },
  { id: "audit", path: "audit", text: "Audit" },
  { id: "health", path: "health", text: "Health" },
]);
