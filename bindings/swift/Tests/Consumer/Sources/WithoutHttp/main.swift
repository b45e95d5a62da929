// The same over a library without http: the system's own network stack carries the turn to the server whose address is given.
import CompletionCoachKit

let endpoint = Endpoint.over(transport: URLSessionTransport(), baseUrl: CommandLine.arguments[1], credentials: .none()).onThisDevice()
let coach = try CompletionCoach(store: try await .inMemory(), model: .openAi(model: "any", endpoint: endpoint))
let me = try coach.user(id: "me")
let done = try await me.recordDone(action: NewAction(.volunteer, "Count the gulls"))
let debrief = me.debrief(action: done.action.id)
_ = try await debrief.open().reply()
print(try await debrief.send("We counted two hundred.").message.text)
