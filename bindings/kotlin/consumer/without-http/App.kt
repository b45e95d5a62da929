// The same over a build without http: the app's own network stack carries the turn.
import com.sun.net.httpserver.HttpServer
import completion.coach.*
import java.net.InetSocketAddress

suspend fun main() {
    val server = HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0)
    server.createContext("/v1/chat/completions") { exchange ->
        exchange.responseHeaders.add("Content-Type", "text/event-stream")
        exchange.sendResponseHeaders(200, 0)
        exchange.responseBody.use {
            it.write("""data: {"choices": [{"index": 0, "delta": {"content": "What did you learn?"}}]}""".toByteArray() + "\n\n".toByteArray())
            it.write("""data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}""".toByteArray() + "\n\ndata: [DONE]\n\n".toByteArray())
        }
    }
    server.start()
    val endpoint = Endpoint.over(JavaNetTransport(), "http://127.0.0.1:${server.address.port}/v1", Credentials.none()).onThisDevice()
    val ana = CompletionCoach(SqliteStore.inMemory(), CoachModel.openAi("any", endpoint)).user("ana")
    val debrief = ana.debrief(ana.recordDone(NewAction(ActionKind.BuildTools, "A parser for log files")).action.id)
    debrief.open().reply()
    println(debrief.send("It works well.").message.text)
    server.stop(0)
}
