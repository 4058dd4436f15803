import BatonKernel
import BatonModel
import BatonStore
import BatonStoreSQLite
import BatonTestKit
import Foundation
import GRDB
import Testing

/// A form of store that the conformance suite runs on.
enum StoreForm: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory, sqlite
    var testDescription: String { rawValue }
}

/// The wall clock of these tests stands still.
let wall: @Sendable () -> WallTime = { WallTime(nanoseconds: 1_795_266_309_000_000_000) }

/// A folder for one test, removed with everything in it.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = try madeFolder()
    do {
        let value = try await body(folder)
        try FileManager.default.removeItem(atPath: folder)
        return value
    } catch {
        try FileManager.default.removeItem(atPath: folder)
        throw error
    }
}

/// A fresh state place of a form, for one check.
func withBench(_ form: StoreForm, _ body: (StoreBench) async throws -> Void) async throws {
    switch form {
    case .memory:
        let state = MemoryState()
        try await body(StoreBench { MemoryStore(state, wall: wall) })
    case .sqlite:
        try await withFolder { folder in
            try await body(StoreBench { try SQLiteStore(folder: folder + "/state", wall: wall) })
        }
    }
}

/// Runs SQL on a store's file by hand, as somebody with a shell would.
@discardableResult
func byHand(_ folder: String, _ sql: String) throws -> [Row] {
    let queue = try DatabaseQueue(path: folder + "/store.sqlite")
    return try queue.writeWithoutTransaction { db in try Row.fetchAll(db, sql: sql) }
}

/// Runs several statements on a store's file by hand.
func changeByHand(_ folder: String, _ sql: String) throws {
    let queue = try DatabaseQueue(path: folder + "/store.sqlite")
    try queue.writeWithoutTransaction { db in try db.execute(sql: sql) }
}

/// The error of a call that must fail.
func refusal(_ call: () async throws -> Void) async throws -> BatonError {
    do {
        try await call()
    } catch let error as BatonError {
        return error
    }
    throw ConformanceFailure("it was not refused")
}

/// A folder of its own, mode 0700.
private func madeFolder() throws -> String {
    var template = Array((FileManager.default.temporaryDirectory.path + "/baton-store-XXXXXX").utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return false }
        return unsafe mkdtemp(start) != nil
    }
    try #require(made)
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
