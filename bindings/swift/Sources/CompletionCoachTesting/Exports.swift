// What an app's tests need: a scripted model, a clock and ids under control, the exam for a store of the app's own.
@_exported import class CompletionCoachGenerated.ManualClock
@_exported import class CompletionCoachGenerated.ScriptedModel
@_exported import class CompletionCoachGenerated.SeededIds
@_exported import struct CompletionCoachGenerated.ConformanceCheck
@_exported import enum CompletionCoachGenerated.Act
@_exported import func CompletionCoachGenerated.runStoreConformance
