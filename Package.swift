// swift-tools-version: 6.3
import PackageDescription

let strictTests: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]
let strict = strictTests + [.enableUpcomingFeature("InternalImportsByDefault")]

let model: Target.Dependency = .product(name: "BatonModel", package: "Kernel")
let kernel: Target.Dependency = .product(name: "BatonKernel", package: "Kernel")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strictTests)
}

let package = Package(
    name: "baton",
    products: [.executable(name: "baton", targets: ["baton"])],
    dependencies: [
        .package(path: "Kernel"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Effects, and what is known of the outside.
        library("BatonWorld", [model]),
        library("BatonDigest", [model, crypto]),
        library("BatonDriver", [model, kernel]),
        library("BatonStore", [model, kernel, "BatonDigest"]),
        library("BatonStoreSQLite", [model, kernel, "BatonStore", "BatonDigest", grdb]),
        .target(name: "CLinux"),
        library("BatonWorldLive", [model, "BatonWorld", "CLinux"] + nio),
        library("BatonHTTP", [model] + nio),
        // The first family.
        library("BatonConflux", [model, kernel, "BatonDriver", "BatonWorld", "BatonDigest"]),
        // The shell.
        library("BatonEngine", [model, kernel, "BatonDriver", "BatonStore", "BatonWorld", "BatonDigest"]),
        // Simulated networks: pure models, real processes, virtual time.
        library("BatonConfluxNode", [model, "BatonDigest"]),
        library("BatonDevnet", [model, "BatonConfluxNode", "BatonHTTP", "BatonWorld", "BatonWorldLive", "BatonDigest"]),
        .target(name: "CSimHook"),
        library(
            "BatonSim",
            [
                model, kernel, "CSimHook", "BatonConfluxNode", "BatonConflux", "BatonDriver", "BatonEngine", "BatonStore", "BatonWorld",
                "BatonDigest",
            ]
        ),
        // The program.
        library("BatonAPI", [model, kernel]),
        library(
            "BatonApp",
            [
                model, kernel, "BatonAPI", "BatonEngine", "BatonDriver", "BatonConflux", "BatonStore", "BatonStoreSQLite", "BatonWorld",
                "BatonWorldLive", "BatonDigest", yams,
            ]
        ),
        library("BatonCLI", [model, kernel, "BatonAPI", "BatonApp", "BatonDevnet", "BatonSim", arguments]),
        .executableTarget(
            name: "baton",
            dependencies: ["BatonCLI", "BatonWorldLive"],
            swiftSettings: strict,
            linkerSettings: [
                // The product carries its own Swift runtime; Foundation comes with its ICU tables.
                .unsafeFlags([
                    "-static-stdlib", "-lCoreFoundation", "-l_FoundationCollections", "-l_FoundationCShims", "-l_FoundationICU",
                    "-lswiftSynchronization",
                ])
            ]
        ),
        // The house lint.
        library("TidyRules", []),
        .executableTarget(name: "tidy", dependencies: ["TidyRules"], swiftSettings: strict),
        // Tests.
        library("BatonTestKit", [model, kernel, "BatonStore", "BatonDriver", "BatonDigest"]),
        // A store in a process of its own, for the test that traces its system calls.
        .executableTarget(
            name: "store-probe", dependencies: [model, kernel, "BatonStore", "BatonStoreSQLite", grdb], swiftSettings: strict),
        tests("BatonStoreTests", ["BatonTestKit", "BatonStore", "BatonStoreSQLite", model, kernel, "BatonDigest", grdb]),
        tests("BatonConfluxTests", ["BatonConflux", "BatonDriver", "BatonWorld", "BatonDigest", model, kernel]),
        tests("BatonConfluxNodeTests", ["BatonConfluxNode", model, "BatonDigest"]),
        tests("BatonWorldLiveTests", ["BatonWorldLive", "BatonWorld", model]),
        tests("BatonCLITests", ["BatonCLI", "BatonApp", "BatonAPI", "BatonWorld", model, kernel]),
        tests(
            "ScenarioTests",
            ["BatonSim", "BatonConflux", "BatonConfluxNode", "BatonEngine", "BatonStore", "BatonDriver", "BatonWorld", model, kernel]),
        tests(
            "IntegrationTests",
            [
                "BatonTestKit", "store-probe", "BatonStoreSQLite", "BatonStore", "BatonWorldLive", "BatonWorld", "BatonHTTP", model, kernel,
                "BatonDigest",
            ]),
        tests("CrashTests", ["BatonStoreSQLite", "BatonStore", model]),
        tests("DevnetTests", ["BatonDevnet", "BatonHTTP", "BatonConfluxNode", model]),
        tests("TidyTests", ["TidyRules"]),
    ]
)
