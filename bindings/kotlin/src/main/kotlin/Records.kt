// What the records leave out: defaults, ranges as Kotlin counts, names as text.

package completion.coach

/** An action to add, or one that was done elsewhere. Without an [id] one is made. */
public fun NewAction(
    kind: ActionKind,
    title: String,
    id: String? = null,
    description: String = "",
    rationale: String = "",
    basis: List<String> = emptyList(),
    material: List<Material> = emptyList(),
    hostData: Map<String, String> = emptyMap(),
): NewAction = NewAction(id, kind, title, description, rationale, basis, material, hostData, ActionSource.HOST)

/** The kind of this name, such as `build_tools`; any other name is a kind of the app's own. */
public fun ActionKind.Companion.named(name: String): ActionKind = KINDS[name] ?: ActionKind.Other(name)

/** The kind's name, such as `build_tools`. */
public val ActionKind.name: String
    get() = if (this is ActionKind.Other) name else KINDS.entries.first { it.value == this }.key

private val KINDS: Map<String, ActionKind> = mapOf(
    "replicate" to ActionKind.Replicate,
    "collaborate" to ActionKind.Collaborate,
    "start_org" to ActionKind.StartOrg,
    "identify_gaps" to ActionKind.IdentifyGaps,
    "volunteer" to ActionKind.Volunteer,
    "build_tools" to ActionKind.BuildTools,
    "teach_write" to ActionKind.TeachWrite,
    "develop_skills" to ActionKind.DevelopSkills,
)

/** Where the quote stands in the text of its message. */
public val Evidence.range: IntRange get() = startUtf16.toInt() until endUtf16.toInt()

/** Where the gate is broken in the text of the turn. */
public val Finding.range: IntRange get() = startUtf16.toInt() until endUtf16.toInt()

/** What waits for a verdict. */
public val Proposal.pending: List<Extraction> get() = items.filter { it.status == ExtractionStatus.PENDING }

/** Who the person is told they talk with, in the language of the device. */
public fun CompletionCoach.disclosure(): Disclosure = disclosure(java.util.Locale.getDefault().toLanguageTag())
