import BatonDriver

extension ConfluxDriver: VotingDriver {
    package typealias F = Conflux
}
