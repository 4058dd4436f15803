import BatonKernel
package import BatonModel

extension ConfluxQuestion {
    /// The question's name in journal and output.
    package var name: String {
        switch self {
        case .voting: "voting"
        case .process: "process"
        case .files: "files"
        case .ledger: "ledger"
        case .identity: "identity"
        case .release: "release"
        case .network: "network"
        case .signatures: "signatures"
        case .history: "history"
        }
    }
}

extension ConfluxReading {
    /// The answer for journal and output; vote states by digest, never by bytes.
    package var json: JSON {
        switch self {
        case .voting(let reading):
            [
                "flag": .bool(reading.flag), "unanswered": .optional(reading.unanswered), "may_still_run": .bool(reading.mayStillRun),
            ]
        case .process(let reading):
            [
                "incarnation": reading.incarnation?.json ?? .null, "boot": .string(reading.bootID),
                "voter_now": reading.voterNow.map(JSON.bool) ?? .null, "voter_next": reading.voterNext.map(JSON.bool) ?? .null,
                "serves_port": .bool(reading.servesPort), "suspended": .bool(reading.isStopped),
            ]
        case .files(let reading): reading.told
        case .ledger(let reading):
            [
                "epoch": .unsigned(reading.epoch), "committed": .unsigned(reading.committed), "phase": .string(reading.phase),
                "pow_epoch": .unsigned(reading.powEpoch), "chain_id": .unsigned(reading.chainID),
            ]
        case .identity(let address): .string(address)
        case .release(let reading):
            ["current": .string(reading.current), "version": .string(reading.version), "running": .optional(reading.running)]
        case .network(let reading):
            [
                "epoch": .unsigned(reading.epoch), "committed": .unsigned(reading.committed), "highest": reading.highest.json,
                "sources": .integer(Int64(reading.sources)), "blocks_left": .unsigned(reading.blocksLeft),
            ]
        case .signatures(let reading):
            [
                "highest": reading.highest?.json ?? .null, "in_committee": .bool(reading.inCommittee),
                "force_retired": .bool(reading.isForceRetired),
            ]
        case .history(let reading):
            ["show_never": .integer(Int64(reading.showNever)), "show_ever": .integer(Int64(reading.showEver))]
        }
    }
}

extension FilesReading {
    fileprivate var told: JSON {
        var members: [String: JSON] = ["json": json.told, "save": save.told]
        // A pair that has lived long has many: the newest tell what happened last.
        for (operation, file) in handedOver.sorted(by: { $0.key < $1.key }).suffix(3) { members["handed-over.\(operation)"] = file.told }
        for (grant, file) in revoked.sorted(by: { $0.key < $1.key }).suffix(3) { members["revoked.\(grant)"] = file.told }
        if let grant { members["grant"] = .unsigned(grant.number.rawValue) }
        if let lease { members["lease"] = .unsigned(lease.rawValue) }
        if let cut { members["cut"] = cut.json }
        return .object(members)
    }
}

extension VoteFile {
    /// The file in few words.
    package var told: JSON {
        switch self {
        case .absent: "absent"
        case .held(let file):
            [
                "watermark": .string(file.state.watermark.description), "digest": .string(file.state.digest.short),
                "fresh": .bool(file.isFresh),
            ]
        case .foreign(let owner): ["foreign": .string(owner)]
        case .unreadable(let why): ["unreadable": .string(why)]
        }
    }
}
