// Errors as Swift has them: a kind to act on, a reason to show, and a way for an app's own code to fail with one.
import CompletionCoachGenerated
import Foundation

extension CoachError: LocalizedError {
    /// An error of the app's own store, model, transport or token source. The reason is a fixed text: nothing that a person wrote, and no key.
    public init(
        _ kind: ErrorKind, _ reason: String, retryAfter: TimeInterval? = nil, permanent: Bool = false, attempts: UInt32? = nil,
        requestId: String? = nil
    ) {
        let details = ErrorDetails(
            reason: reason, retryAfter: retryAfter, permanent: permanent, attempts: attempts, requestId: requestId)
        self = switch kind {
        case .notFound: .notFound(details: details)
        case .invalidInput: .invalidInput(details: details)
        case .wrongStatus: .wrongStatus(details: details)
        case .busy: .busy(details: details)
        case .conflict: .conflict(details: details)
        case .allowanceSpent: .allowanceSpent(details: details)
        case .debriefOver: .debriefOver(details: details)
        case .consentNeeded: .consentNeeded(details: details)
        case .handedOver: .handedOver(details: details)
        case .modelUnavailable: .modelUnavailable(details: details)
        case .modelRefused: .modelRefused(details: details)
        case .replyIncomplete: .replyIncomplete(details: details)
        case .requestRejected: .requestRejected(details: details)
        case .unauthorised: .unauthorised(details: details)
        case .storageFull: .storageFull(details: details)
        case .storageUnavailable: .storageUnavailable(details: details)
        case .storageDamaged: .storageDamaged(details: details)
        case .storageNewer: .storageNewer(details: details)
        case .cancelled: .cancelled(details: details)
        case .internal: .internal(details: details)
        }
    }

    /// What an app can act on.
    public var kind: ErrorKind { parts.0 }
    /// Everything that is known of it.
    public var details: ErrorDetails { parts.1 }
    /// Why, and what to do.
    public var reason: String { details.reason }
    /// How many seconds to wait before calling again, where that is known.
    public var retryAfter: TimeInterval? { details.retryAfter }
    /// The reason, so that `localizedDescription` is that too.
    public var errorDescription: String? { reason }

    private var parts: (ErrorKind, ErrorDetails) {
        switch self {
        case .notFound(let details): (.notFound, details)
        case .invalidInput(let details): (.invalidInput, details)
        case .wrongStatus(let details): (.wrongStatus, details)
        case .busy(let details): (.busy, details)
        case .conflict(let details): (.conflict, details)
        case .allowanceSpent(let details): (.allowanceSpent, details)
        case .debriefOver(let details): (.debriefOver, details)
        case .consentNeeded(let details): (.consentNeeded, details)
        case .handedOver(let details): (.handedOver, details)
        case .modelUnavailable(let details): (.modelUnavailable, details)
        case .modelRefused(let details): (.modelRefused, details)
        case .replyIncomplete(let details): (.replyIncomplete, details)
        case .requestRejected(let details): (.requestRejected, details)
        case .unauthorised(let details): (.unauthorised, details)
        case .storageFull(let details): (.storageFull, details)
        case .storageUnavailable(let details): (.storageUnavailable, details)
        case .storageDamaged(let details): (.storageDamaged, details)
        case .storageNewer(let details): (.storageNewer, details)
        case .cancelled(let details): (.cancelled, details)
        case .internal(let details): (.internal, details)
        }
    }
}
