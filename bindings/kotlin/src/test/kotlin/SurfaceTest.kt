// The public surface as callers in Kotlin see it, with names, nullability and what has a default, held against `tests/surface/kotlin.txt`.

package completion.coach

import java.io.File
import kotlin.jvm.internal.Reflection
import kotlin.reflect.KCallable
import kotlin.reflect.KClass
import kotlin.reflect.KFunction
import kotlin.reflect.KMutableProperty
import kotlin.reflect.KParameter
import kotlin.reflect.KProperty
import kotlin.reflect.KVisibility
import kotlin.reflect.full.declaredMembers
import kotlin.reflect.jvm.javaConstructor
import kotlin.reflect.jvm.javaMethod
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

private val SURFACE = File("../../tests/surface/kotlin.txt")

/** What uniffi needs for itself. */
private val UNIFFI = Regex("uniffi|FfiConverter|RustBuffer|ForeignBytes|NoHandle|callWithHandle|\\.handle\\b", RegexOption.IGNORE_CASE)

/** What the compiler makes of a data class and of an enum. */
private val MADE = Regex("component\\d+|copy|equals|hashCode|toString|entries|values|valueOf")

class SurfaceTest {
    @Test
    fun `the public surface is the one that is checked in`() {
        val now = (classes(CompletionCoach::class) { true } + classes(OkHttpTransport::class) { it.startsWith("OkHttp") })
            .sortedBy { it.name }.mapNotNull(::declaration).joinToString("\n\n", postfix = "\n").lines()
        if (System.getenv("SURFACE") == "write") SURFACE.writeText(now.joinToString("\n"))
        val was = SURFACE.readText().lines()
        assertEquals("", (now - was.toSet()).joinToString("\n"), "is new; if that is meant: SURFACE=write tests/kotlin.sh")
        assertEquals("", (was - now.toSet()).joinToString("\n"), "is gone; if that is meant: SURFACE=write tests/kotlin.sh")
        assertEquals(was, now, "has another order; if that is meant: SURFACE=write tests/kotlin.sh")
    }

    /** The classes that were compiled beside this one. */
    private fun classes(beside: KClass<*>, which: (String) -> Boolean): List<Class<*>> =
        File(beside.java.protectionDomain.codeSource.location.toURI()).resolve("completion/coach").listFiles { it.extension == "class" }!!
            .map { it.nameWithoutExtension }.filter(which).map { Class.forName("completion.coach.$it", false, beside.java.classLoader) }

    private fun declaration(type: Class<*>): String? = when (type.getAnnotation(Metadata::class.java)?.kind) {
        1 -> type.kotlin.takeIf { it.isPublic() }?.let { it to members(it) }?.takeUnless { (it, members) -> it.isCompanion && members.isEmpty() }
            ?.let { (it, members) -> listOf(head(it)) + members }
        2 -> functions(Reflection.getOrCreateKotlinPackage(type).members).takeIf { it.isNotEmpty() }?.let { listOf("file ${type.simpleName}") + it }
        else -> null
    }?.joinToString("\n    ")

    private fun KClass<*>.isPublic(): Boolean =
        visibility == KVisibility.PUBLIC && UNIFFI !in java.name && java.declaringClass?.kotlin?.isPublic() != false

    private fun head(of: KClass<*>): String {
        val modifiers = modifiers(
            "sealed" to of.isSealed, "abstract" to (of.isAbstract && !of.java.isInterface), "open" to of.isOpen, "data" to of.isData,
            "value" to of.isValue, "fun" to of.isFun, "companion" to of.isCompanion,
        )
        val kind = when {
            of.java.isEnum -> "enum class"
            of.java.isInterface -> "interface"
            of.objectInstance != null || of.isCompanion -> "object"
            else -> "class"
        }
        val above = of.supertypes.map { short(it) }.filter { it != "Any" && !it.startsWith("Enum<") }
        return "$modifiers$kind ${of.qualifiedName!!.removePrefix("completion.coach.")}" + parameters(of.typeParameters.map { it.toString() }).trim() +
            if (above.isEmpty()) "" else above.sorted().joinToString(", ", " : ")
    }

    private fun members(of: KClass<*>): List<String> {
        val entries = of.java.enumConstants.orEmpty().filter { of.java.isEnum }.map { (it as Enum<*>).name }
        val constructors = of.constructors.filter { it.visibility == KVisibility.PUBLIC && !of.java.isEnum && UNIFFI !in it.toString() }
        return entries + constructors.map { "constructor${signature(it)}${throws(it)}" }.sorted() + functions(of.declaredMembers)
    }

    private fun functions(all: Collection<KCallable<*>>): List<String> = all
        .filter { (it.visibility == KVisibility.PUBLIC || it.visibility == KVisibility.PROTECTED) && !MADE.matches(it.name) && UNIFFI !in it.toString() }
        .map(::line).sorted()

    private fun line(of: KCallable<*>): String {
        val receiver = of.parameters.firstOrNull { it.kind == KParameter.Kind.EXTENSION_RECEIVER }?.let { "${short(it.type)}." }.orEmpty()
        val type = short(of.returnType)
        return when (of) {
            is KProperty<*> -> "${if (of is KMutableProperty<*>) "var" else "val"} $receiver${of.name}: $type"
            is KFunction<*> -> {
                val modifiers = modifiers(
                    "protected" to (of.visibility == KVisibility.PROTECTED), "abstract" to of.isAbstract, "open" to of.isOpen,
                    "operator" to of.isOperator, "infix" to of.isInfix, "suspend" to of.isSuspend, "inline" to of.isInline,
                )
                "${modifiers}fun ${parameters(of.typeParameters.map { it.toString() })}$receiver${of.name}${signature(of)}" +
                    if (type == "Unit") "" else ": $type"
            }
            else -> error("neither a property nor a function: ${of.name}")
        } + throws(of)
    }

    private fun modifiers(vararg all: Pair<String, Boolean>) = all.filter { it.second }.joinToString("") { "${it.first} " }

    private fun signature(of: KCallable<*>): String = of.parameters.filter { it.kind == KParameter.Kind.VALUE }.joinToString(", ", "(", ")") {
        "${if (it.isVararg) "vararg " else ""}${it.name}: ${short(it.type)}${if (it.isOptional) " = …" else ""}"
    }

    private fun throws(of: KCallable<*>): String = (of as? KFunction<*>)?.let { it.javaMethod ?: it.javaConstructor }
        ?.exceptionTypes?.takeIf { it.isNotEmpty() }?.joinToString(", ", " throws ") { it.simpleName }.orEmpty()

    private fun parameters(names: List<String>) = if (names.isEmpty()) "" else names.joinToString(", ", "<", "> ")

    private fun short(type: Any): String =
        type.toString()
            .replace(Regex("\\b(completion\\.coach|kotlin|kotlin\\.collections|kotlin\\.time|java\\.lang)\\.(?=[A-Z])"), "")
            .replace(Regex("(\\S+) /\\* = \\1 \\*/"), "$1")
}
