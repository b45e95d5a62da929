// A debrief as somebody else's program holds it.
import CompletionCoachKit

let coach = try CompletionCoach(store: try await .inMemory(), model: .offlineGuide())
let me = try coach.user(id: "me")
let done = try await me.recordDone(action: NewAction(.volunteer, "Count the gulls"))
let debrief = me.debrief(action: done.action.id)
for try await event in debrief.open().events {
    if case .reply(let reply) = event { print(reply.message.text) }
}
print(try await debrief.send("We counted two hundred.").message.text)
_ = try await debrief.send("I learned that gulls do not hold still.")
_ = try await debrief.stop()
for item in try await debrief.propose().pending { print("\(item.value) because of “\(item.evidence[0].quote)”") }
