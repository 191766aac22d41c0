// The console: says which pages there are, then draws the frame.

import { route } from "./router.js";
import { start } from "./shell.js";
import { livePage } from "./live.js";
import { findPage } from "./find.js";
import { interactionPage } from "./interaction.js";
import { conversationPage } from "./conversation.js";
import { conversationsPage } from "./conversations.js";
import { retentionPage } from "./retention.js";
import { auditPage } from "./audit.js";
import { healthPage } from "./health.js";

route("live", livePage, { title: "Live", nav: "live" });
route("", livePage, { title: "Live", nav: "live" });
route("find", findPage, { title: "Find", nav: "find" });
route("interactions/:id", interactionPage, { title: "Interaction", nav: "find" });
route("conversations", conversationsPage, { title: "Conversations", nav: "find" });
route("conversations/:id", conversationPage, { title: "Conversation", nav: "find" });
route("retention", retentionPage, { title: "Retention", nav: "retention" });
route("audit", auditPage, { title: "Audit", nav: "audit" });
route("health", healthPage, { title: "Health", nav: "health" });

start([
  { id: "live", path: "live", text: "Live" },
  { id: "find", path: "find", text: "Find" },
  { id: "retention", path: "retention", text: "Retention" },
  { id: "audit", path: "audit", text: "Audit" },
  { id: "health", path: "health", text: "Health" },
]);
