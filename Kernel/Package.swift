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

let package = Package(
    name: "Kernel",
    products: [
        .library(name: "BatonModel", targets: ["BatonModel"]),
        .library(name: "BatonKernel", targets: ["BatonKernel"]),
    ],
    targets: [
        .target(name: "BatonModel", swiftSettings: strict),
        .target(name: "BatonKernel", dependencies: ["BatonModel"], swiftSettings: strict),
        .testTarget(name: "BatonModelTests", dependencies: ["BatonModel"], swiftSettings: strictTests),
        .testTarget(name: "BatonKernelTests", dependencies: ["BatonKernel", "BatonModel"], swiftSettings: strictTests),
    ]
)
