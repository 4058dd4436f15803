extension FleetFile {
    /// A commented fleet file to fill in, as `baton init` writes it. It reads as it stands.
    package static let example = """
        # baton.yaml: one fleet, with one state place. `baton check` tells what is wrong with it, line by line.
        fleet: acme

        # Where Baton keeps its journal, grants and vote ledger. One place per fleet, from one machine.
        # A folder from this file on, or an absolute one. Never restore it from a copy.
        state: ./state

        networks:
          - name: mainnet
            family: conflux
            chainId: 1029               # 1029 main network, 1 test network
            # Full nodes that do not vote for you; two are better than one. Plain http in this version.
            references: ["http://127.0.0.1:22537"]
            # roundTimeout: 2s          # devnets only
            # roundsPerEpoch: 60        # devnets only

        validators:
          - name: acme-pos
            network: mainnet
            # The PoS address that both nodes share: the second value that `conflux rpc local pos register --power 1`
            # prints on either of them, with 0x in front. (It only prints; nothing is sent.)
            identity: "0x0000000000000000000000000000000000000000000000000000000000000000"
            nodes:
              - name: fra-1
                host: {local: true}
                rpc: "http://127.0.0.1:12539"       # the node's local RPC port, never its public one
                directory: /srv/conflux/a
                unit:
                  child:
                    command: ["./current/conflux", "--config", "hydra.toml"]
                    # environment: {RUST_BACKTRACE: "1"}
              - name: fra-2
                host: {local: true}
                rpc: "http://127.0.0.1:12639"
                directory: /srv/conflux/b
                unit:
                  child:
                    command: ["./current/conflux", "--config", "hydra.toml"]

        """
}
