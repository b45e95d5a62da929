// The page's side of `debrief.chat()`: it shows what the kernel says there is, and hands back what the person does.
//
// The kernel sends a `view` (everything, as the store has it) whenever something has changed, and the `text` of a reply while it is
// written. Nothing is kept here but what the person has not handed over yet: a draft, and verdicts that are not applied.

const WORDS = {
  title: "Debrief",
  conversation: "Conversation",
  exchanges: (count) => (count === 1 ? "1 exchange" : `${count} exchanges`),
  loading: "Reading the conversation…",
  writing: "The coach is writing",
  stopWriting: "Stop the reply",
  you: "You",
  seed: "Note",
  guide: "Guide · no AI",
  model: { local: (name) => `${name} · AI on this machine`, remote: (name, by) => `${name} · AI by ${by}` },
  round: (number) => `Round ${number}`,
  choices: "Answers to choose from",
  answer: "Your answer",
  placeholder: "Write your answer…",
  send: "Send",
  hint: "Enter sends, Shift+Enter starts a new line",
  skip: "Skip this question",
  end: "End the debrief",
  waiting: "Your words are kept. They wait for a reply.",
  resume: "Ask for the reply",
  retry: "Try again",
  again: { take_over: "Ask here instead", consent: "I agree, go on" },
  AskedAgain: "The first reply was not good enough. The coach is asked once more.",
  Replaced: "The coach’s reply was not good enough. The guide asks in its place.",
  StoodIn: "The model could not be asked. The guide asks in its place.",
  handedOver: "This needs a person, and not a coach. Please talk to somebody you trust, or to whoever looks after this notebook.",
  over: "That was the last question. You decide what goes into your profile.",
  overPlain: "This debrief is over.",
  propose: "Look at what could go into your profile",
  proposing: "Reading what you said…",
  reopen: "Look back once more",
  review: "For your profile",
  reviewHint: "Nothing goes into it before you apply it.",
  nothing: "Nothing of this debrief has to go into your profile.",
  known: (what) => `Already in your profile: ${what}`,
  field: {
    work_history: "Work", education: "Education", career_goals: "Career goals", match_preferences: "Who to be matched with",
  },
  add: "add",
  replace: "replace",
  empty: "nothing yet",
  quote: { user: "In your words", assistant: "The coach asked: " },
  caution: {
    negated: "Your words seem to deny it.",
    wish: "You may be wishing for it.",
    hypothetical: "You may only be imagining it.",
    third_person: "It may be about somebody else.",
    question: "You were asking.",
    inferred: "This is not in your own words.",
    recognised: "A word was recognised; the sentence was not understood.",
    self_rated: "You rate yourself here.",
    replaces: "It takes the place of what is there.",
  },
  conflict: (now) => `This field has changed in the meantime${now ? `. It now says “${now}”.` : "."} It was left as it is.`,
  accept: "Accept",
  edit: "Edit",
  reject: "Reject",
  value: { text: "Your version", organization: "Organisation", title: "Title", institution: "Institution", degree: "Degree", field: "Subject",
    start: "From", end: "Until", current: "It goes on", description: "What was done" },
  apply: (count) => (count === 0 ? "Apply" : count === 1 ? "Apply 1 decision" : `Apply ${count} decisions`),
  applying: "Applying…",
  status: { accepted: "In your profile", edited: "In your profile, as you put it", rejected: "Left out" },
  applied: (count) => (count === 0 ? "Your profile stays as it was." : count === 1 ? "Your profile has changed in 1 place." : `Your profile has changed in ${count} places.`),
};

const SHAPES = {
  work_history: ["organization", "title", "start", "end", "current", "description"],
  education: ["institution", "degree", "field", "start", "end"],
};
const NEEDED = ["organization", "title", "institution"];
/** How much of a message is shown around a quote, in characters. */
const AROUND = 90;

/** An element; text goes in as text, never as markup. */
function make(tag, options = {}, ...children) {
  const { class: name, text, on = {}, ...attributes } = options;
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  for (const [event, hear] of Object.entries(on)) element.addEventListener(event, hear);
  element.append(...children.filter(Boolean));
  return element;
}

/** Puts these into an element in place of what is in it; what is not there is left out. */
const put = (element, ...children) => element.replaceChildren(...children.filter(Boolean));

const button = (text, kind, click, more = {}) => make("button", { type: "button", class: `cc-button cc-${kind}`, text, on: { click }, ...more });

/** An id of our own for what is said, so that saying it again never stores it twice. */
function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fieldName(field) {
  if (WORDS.field[field]) return WORDS.field[field];
  const plain = field.replace(/^custom:/, "").replaceAll("_", " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** A value of the profile in one line. */
function inWords(value) {
  if (typeof value === "string") return value;
  const time = [value.start, value.current ? "now" : value.end].filter(Boolean).join(" – ");
  const what = [value.title, value.degree, value.field, value.organization, value.institution].filter(Boolean).join(", ");
  return [what, time && `(${time})`, value.description && `– ${value.description}`].filter(Boolean).join(" ");
}

function beginning(text) {
  const characters = [...text];
  return characters.length <= AROUND ? text : `${characters.slice(0, AROUND).join("")}…`;
}

function ending(text) {
  const characters = [...text];
  return characters.length <= AROUND ? text : `…${characters.slice(-AROUND).join("")}`;
}

function authorOf(message) {
  if (message.role === "user") return message.provenance === "seed" ? WORDS.seed : WORDS.you;
  const { provider, model, place } = message.author ?? { place: "script" };
  return place === "script" ? WORDS.guide : WORDS.model[place](model, provider);
}

class DebriefView {
  constructor(model, el) {
    this.model = model;
    this.view = null;
    this.bubbles = new Map();
    this.cards = new Map();
    this.draft = null;
    this.wanted = false;
    this.build(el);
    this.hear = (content) => this.heard(content);
    model.on("msg:custom", this.hear);
    model.send({ do: "show" });
  }

  close() {
    this.model.off("msg:custom", this.hear);
  }

  build(el) {
    this.count = make("span", { class: "cc-count" });
    this.log = make("div", { class: "cc-log", role: "log", "aria-live": "polite", "aria-label": WORDS.conversation, tabindex: "0" });
    this.note = make("div", { class: "cc-note", role: "status" });
    this.problem = make("div", { class: "cc-problem", role: "alert" });
    this.choices = make("div", { class: "cc-choices", role: "group", "aria-label": WORDS.choices });
    this.input = make("textarea", {
      class: "cc-input", rows: "1", placeholder: WORDS.placeholder, "aria-label": WORDS.answer, title: WORDS.hint,
      on: { keydown: (event) => this.typed(event), input: () => this.fit() },
    });
    this.send = button(WORDS.send, "primary", () => this.say());
    this.stop = button(WORDS.stopWriting, "stop", () => this.ask({ do: "cancel" }));
    this.skip = button(WORDS.skip, "quiet", () => this.act({ do: "skip" }));
    this.end = button(WORDS.end, "quiet", () => this.act({ do: "end" }));
    this.composer = make("div", { class: "cc-composer" },
      make("div", { class: "cc-line" }, this.input, this.send, this.stop),
      make("div", { class: "cc-quiets" }, this.skip, this.end, make("span", { class: "cc-hint", text: WORDS.hint })));
    this.review = make("section", { class: "cc-review", "aria-label": WORDS.review, tabindex: "-1" });
    this.after = make("div", { class: "cc-after" });
    // JupyterLab would take keys that are pressed on a button as shortcuts of the notebook.
    el.append(make("section", { class: "cc", "aria-label": WORDS.title, "data-lm-suppress-shortcuts": "true", on: { keydown: (event) => event.stopPropagation() } },
      make("header", { class: "cc-head" }, make("h3", { class: "cc-title", text: WORDS.title }), this.count),
      this.log, this.note, this.problem, this.choices, this.composer, this.review, this.after));
    this.note.textContent = WORDS.loading;
    for (const part of [this.problem, this.choices, this.composer, this.review, this.after]) part.hidden = true;
  }

  ask(request) {
    this.model.send(request);
  }

  /** Asks for something that takes its time. The kernel's next view says how it went. */
  act(request) {
    if (!this.view || this.view.working) return;
    this.wanted = true;
    this.view = { ...this.view, working: request.do === "propose" || request.do === "apply" ? request.do : "turn", text: "", error: null, note: null, applied: null };
    this.ask(request);
    this.render();
  }

  typed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.say();
    }
  }

  fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, 200)}px`;
    this.send.disabled = this.input.value.trim() === "";
  }

  say() {
    const text = this.input.value.trim();
    if (text === "" || !this.view || this.view.working) return;
    this.draft = { id: newId(), text };
    this.input.value = "";
    this.fit();
    this.act({ do: "say", id: this.draft.id, said: { typed: text } });
  }

  choose(choice) {
    if (!this.view || this.view.working) return;
    this.draft = { id: newId(), text: choice.text, chosen: true };
    this.act({ do: "say", id: this.draft.id, said: { chosen: choice.id } });
  }

  heard(content) {
    if (content.is === "text" && this.view) {
      this.view.text = content.text;
      this.view.working ||= "turn";
      this.renderStream();
      this.toEnd();
    } else if (content.is === "view") {
      this.view = content;
      if (this.draft && !content.working) this.settle();
      this.render();
    }
  }

  /** What was said is stored now, or else it was not taken: then the words go back where they can be said again. */
  settle() {
    const stored = this.view.messages.some((message) => message.id === this.draft.id);
    if (!stored && !this.draft.chosen && this.input.value === "") this.input.value = this.draft.text;
    if (!stored && this.view.error?.again?.do === "open") this.view.error.again = null;
    this.draft = null;
  }

  render() {
    const { reply, working, messages } = this.view;
    const last = messages.at(-1);
    const talking = Boolean(reply) && !reply.over && reply.ended !== "handed_over";
    this.count.textContent = reply?.exchange ? WORDS.exchanges(reply.exchange) : "";
    this.renderLog();
    this.renderNote();
    this.renderProblem();
    const offered = !working && !this.draft && talking && last?.role === "assistant" ? (last.choices ?? []) : [];
    this.choices.replaceChildren(...offered.map((choice) => button(choice.text, "choice", () => this.choose(choice))));
    this.choices.hidden = offered.length === 0;
    this.composer.hidden = !talking;
    this.input.disabled = Boolean(working);
    this.stop.hidden = !this.isWriting();
    this.send.hidden = !this.stop.hidden;
    this.skip.disabled = this.end.disabled = Boolean(working);
    this.fit();
    this.renderReview();
    this.renderAfter();
    this.toEnd();
    if (!working && this.wanted) this.focusNext();
  }

  /** After what the person did comes what they do next. */
  focusNext() {
    this.wanted = false;
    const next = this.composer.hidden ? (this.after.querySelector(".cc-primary") ?? this.review) : this.input;
    next.focus({ preventScroll: true });
  }

  renderLog() {
    const { messages } = this.view;
    this.log.setAttribute("aria-busy", String(this.isWriting()));
    const shown = new Set(messages.map((message) => message.id));
    for (const [id, bubble] of this.bubbles) if (!shown.has(id)) { bubble.remove(); this.bubbles.delete(id); }
    this.streamed?.remove();
    this.unsent?.remove();
    this.streamed = this.unsent = null;
    let round = 1;
    for (const message of messages) {
      if (!this.bubbles.has(message.id)) {
        const bubble = this.bubble(message.role, authorOf(message), message.text, message.provenance === "chosen");
        if (message.round > round) bubble.prepend(make("div", { class: "cc-round", text: WORDS.round(message.round) }));
        this.bubbles.set(message.id, bubble);
        this.log.append(bubble);
      }
      round = message.round;
    }
    if (this.draft && !shown.has(this.draft.id)) {
      this.unsent = this.bubble("user", WORDS.you, this.draft.text, this.draft.chosen);
      this.log.append(this.unsent);
    }
    this.renderStream();
  }

  /** Whether the coach is at work on a reply, and not only repeating its last one. */
  isWriting() {
    const { working, text, messages } = this.view;
    return working === "turn" && Boolean(text || this.draft || messages.at(-1)?.role !== "assistant");
  }

  renderStream() {
    if (!this.isWriting()) return;
    if (!this.streamed) {
      this.streamed = this.bubble("assistant", WORDS.writing, "");
      this.streamed.classList.add("cc-writing");
      this.log.append(this.streamed);
    }
    const body = this.streamed.querySelector(".cc-body");
    if (this.view.text) body.textContent = this.view.text;
    else body.replaceChildren(make("span", { class: "cc-dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")));
  }

  bubble(role, author, text, chosen = false) {
    return make("article", { class: `cc-message cc-${role}${chosen ? " cc-chosen" : ""}` },
      make("div", { class: "cc-author", text: author }), make("div", { class: "cc-body", text }));
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  renderNote() {
    const { note, messages, reply, working, error } = this.view;
    const waits = !working && !error && messages.at(-1)?.role === "user" && !reply?.over;
    const handedOver = reply?.ended === "handed_over";
    this.note.className = handedOver ? "cc-note cc-person" : "cc-note";
    this.note.replaceChildren();
    if (handedOver) this.note.append(make("p", { text: WORDS.handedOver }));
    else if (waits) this.note.append(make("span", { text: WORDS.waiting }), button(WORDS.resume, "second", () => this.act({ do: "open" })));
    else if (note) this.note.append(make("span", { text: WORDS[note] }));
    this.note.hidden = this.note.childElementCount === 0;
  }

  renderProblem() {
    const { error } = this.view;
    this.problem.hidden = !error;
    if (!error) return this.problem.replaceChildren();
    this.problem.className = error.again?.do === "consent" ? "cc-problem cc-asks" : "cc-problem";
    const again = error.again && button(WORDS.again[error.again.do] ?? WORDS.retry, "second", () => this.act(error.again));
    put(this.problem, make("span", { text: error.reason }), again);
  }

  renderAfter() {
    const { reply, working, proposal } = this.view;
    const over = Boolean(reply?.over) && reply.ended !== "handed_over";
    this.after.hidden = !over;
    if (!over) return;
    const busy = Boolean(working);
    const pending = proposal.items.some((item) => item.status === "pending");
    const words = reply.review_due ? WORDS.over : proposal.items.length ? WORDS.overPlain : WORDS.nothing;
    const label = working === "propose" ? WORDS.proposing : WORDS.propose;
    put(this.after,
      !pending && make("p", { text: words }),
      make("div", { class: "cc-buttons" },
        (reply.review_due || working === "propose") && button(label, "primary", () => this.act({ do: "propose" }), { disabled: busy }),
        button(WORDS.reopen, "quiet", () => this.act({ do: "reopen" }), { disabled: busy })));
  }

  renderReview() {
    const { proposal, working, reply, applied } = this.view;
    const items = proposal.items;
    this.review.hidden = items.length === 0 || !reply?.over;
    if (this.review.hidden) { this.cards.clear(); return this.review.replaceChildren(); }
    const conflicts = new Map((applied?.conflicts ?? []).map((conflict) => [conflict.extraction, conflict]));
    const cards = items.map((item) => this.card(item, conflicts.get(item.id)));
    const pending = items.filter((item) => item.status === "pending");
    const known = proposal.known.map((item) => inWords(item.value)).join(", ");
    this.apply = button(WORDS.apply(0), "primary", () => this.act({ do: "apply", verdicts: this.verdicts() }));
    put(this.review,
      make("div", { class: "cc-reviewhead" }, make("h4", { class: "cc-subtitle", text: WORDS.review }), pending.length > 0 && make("span", { class: "cc-hint", text: WORDS.reviewHint })),
      make("div", { class: "cc-cards" }, ...cards),
      known && make("p", { class: "cc-hint", text: WORDS.known(known) }),
      make("div", { class: "cc-result", role: "status" }, applied && this.changes(applied)),
      pending.length > 0 && make("div", { class: "cc-buttons" }, this.apply));
    this.applying = working === "apply";
    this.countVerdicts();
  }

  /** What has just changed, as the kernel says it. */
  changes(applied) {
    const accepted = this.view.proposal.items.filter((item) => applied.accepted.includes(item.id));
    const line = (item) => make("li", {}, make("span", { class: "cc-changed", text: `${fieldName(item.field)}: ` }), make("ins", { text: inWords(item.edited ?? item.value) }));
    return make("div", { class: "cc-done" }, make("strong", { text: WORDS.applied(accepted.length) }), accepted.length > 0 && make("ul", {}, ...accepted.map(line)));
  }

  verdicts() {
    const verdicts = {};
    for (const item of this.view.proposal.items) {
      const card = this.cards.get(item.id);
      if (item.status !== "pending" || !card?.verdict) continue;
      verdicts[item.id] = card.verdict === "edit" ? { edit: card.value() } : card.verdict;
    }
    return verdicts;
  }

  countVerdicts() {
    const count = Object.keys(this.verdicts()).length;
    this.apply.textContent = this.applying ? WORDS.applying : WORDS.apply(count);
    this.apply.disabled = count === 0 || Boolean(this.view.working);
  }

  /** The card of a proposal. It is kept while it is undecided, so that nothing that was typed into it is lost. */
  card(item, conflict) {
    const known = this.cards.get(item.id);
    if (known?.status === item.status) {
      known.notice.textContent = conflict ? WORDS.conflict(conflict.now) : "";
      return known.element;
    }
    const card = { status: item.status, verdict: item.checked ? "accept" : null, value: () => item.value, notice: make("p", { class: "cc-caution cc-notice" }) };
    const decided = item.status !== "pending";
    const value = item.edited ?? item.value;
    const change = make("div", { class: `cc-change cc-${item.operation}` },
      item.operation === "replace" && make("del", { text: item.before ?? WORDS.empty, class: item.before ? "" : "cc-empty" }),
      item.operation === "replace" && make("span", { class: "cc-arrow", text: "→", "aria-hidden": "true" }),
      item.operation === "add" && make("span", { class: "cc-arrow", text: "+", "aria-hidden": "true" }),
      make("ins", { text: inWords(value) }));
    const cautions = (item.cautions ?? []).map((caution) => WORDS.caution[caution]).filter(Boolean).join(" ");
    card.element = make("article", { class: `cc-card cc-${item.status}`, "aria-label": `${fieldName(item.field)}: ${inWords(value)}` },
      make("div", { class: "cc-cardhead" },
        make("span", { class: "cc-field", text: fieldName(item.field) }),
        make("span", { class: "cc-badge", text: decided ? WORDS.status[item.status] : WORDS[item.operation] })),
      change,
      ...item.evidence.map((evidence) => this.quote(evidence)),
      !decided && cautions && make("p", { class: "cc-caution", text: cautions }),
      card.notice);
    this.cards.set(item.id, card);
    if (!decided) this.decide(card, item);
    return card.element;
  }

  decide(card, item) {
    const editor = this.editor(card, item);
    const buttons = ["accept", "edit", "reject"].map((verdict) => button(WORDS[verdict], `verdict cc-${verdict}`, () => {
      card.verdict = card.verdict === verdict ? null : verdict;
      show();
      this.countVerdicts();
      if (card.verdict === "edit") editor.querySelector("textarea, input").focus();
    }));
    const show = () => {
      ["accept", "edit", "reject"].forEach((verdict, at) => buttons[at].setAttribute("aria-pressed", String(card.verdict === verdict)));
      card.element.dataset.verdict = card.verdict ?? "";
      editor.hidden = card.verdict !== "edit";
    };
    card.element.append(editor, make("div", { class: "cc-verdicts", role: "group", "aria-label": `${fieldName(item.field)}: ${inWords(item.value)}` }, ...buttons));
    show();
  }

  /** A text box for a text, and a line for each part of a job or a course of study. */
  editor(card, item) {
    const shape = typeof item.value === "object" && SHAPES[item.field];
    if (!shape) {
      const box = make("textarea", { class: "cc-input", rows: String(Math.min(4, 1 + Math.floor(item.value.length / 60))), "aria-label": WORDS.value.text });
      box.value = item.value;
      card.value = () => box.value.trim();
      return make("div", { class: "cc-editor" }, box);
    }
    const lines = shape.map((part) => {
      const box = make("input", part === "current" ? { type: "checkbox" } : { type: "text", class: "cc-input" });
      if (part === "current") box.checked = Boolean(item.value.current);
      else box.value = item.value[part] ?? "";
      return { part, box, label: make("label", { class: "cc-part" }, make("span", { text: WORDS.value[part] }), box) };
    });
    card.value = () => {
      const value = {};
      for (const { part, box } of lines) {
        if (part === "current") value.current = box.checked;
        else if (box.value.trim() || NEEDED.includes(part)) value[part] = box.value.trim();
      }
      return value;
    };
    return make("div", { class: "cc-editor cc-parts" }, ...lines.map(({ label }) => label));
  }

  /** The person's own words, marked where they stand in what was said. */
  quote(evidence) {
    const message = this.view.messages.find((said) => said.id === evidence.message);
    const { text = evidence.quote, role = "user" } = message ?? {};
    const isThere = text.slice(evidence.start_utf16, evidence.end_utf16) === evidence.quote;
    const [before, after] = isThere ? [text.slice(0, evidence.start_utf16), text.slice(evidence.end_utf16)] : ["", ""];
    return make("blockquote", { class: "cc-quote", "aria-label": WORDS.quote[role] },
      role === "assistant" && WORDS.quote.assistant, ending(before), make("mark", { text: evidence.quote }), beginning(after));
  }
}

export default {
  render({ model, el }) {
    const view = new DebriefView(model, el);
    return () => view.close();
  },
};
