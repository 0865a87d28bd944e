import { assert, describe, it } from "@effect/vitest"
import { makeContract } from "./openapi.ts"

const schemas = {
  Film: {
    type: "object",
    required: ["id"],
    properties: {
      id: { type: "integer", format: "int32" },
      name: { type: "string", nullable: true },
      kind: { allOf: [{ $ref: "#/components/schemas/Kind" }], enum: ["a", "b"], nullable: true },
      owner: { type: "string", format: "uuid" },
      at: { type: "string", format: "date-time" },
      rank: { type: "number", minimum: 0, exclusiveMinimum: true },
      nullable: { type: "boolean" }
    }
  },
  Kind: { type: "string", enum: ["a", "b"] },
  Sequel: {
    allOf: [{ $ref: "#/components/schemas/Open" }, { type: "object", properties: { number: { type: "number" } } }]
  },
  Open: { type: "object", additionalProperties: true, properties: { title: { type: "string" } } }
}
const answer = (name: string) => ({
  description: "",
  content: { "application/json; charset=utf-8": { schema: { $ref: `#/components/schemas/${name}` } } }
})
const document = {
  openapi: "3.0.1",
  components: { schemas, parameters: { Limit: { name: "limit", in: "query", schema: { type: "integer" } } } },
  paths: {
    "/films/{id}": {
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer" } }],
      get: {
        parameters: [
          { $ref: "#/components/parameters/Limit" },
          { name: "kinds", in: "query", schema: { type: "array", items: { $ref: "#/components/schemas/Kind" } } },
          { name: "deep", in: "query", required: true, schema: { type: "boolean" } }
        ],
        responses: { 200: answer("Film"), 404: answer("Kind") }
      }
    },
    "/films/best": { get: { responses: { 200: answer("Sequel"), 204: { description: "" } } } },
    "/films": {
      put: {
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/Film" } } }
        },
        responses: { 200: { description: "" } }
      }
    }
  }
}

const contract = makeContract(document, { lists: "commas", everywhere: ["apikey"], beyond: { Film: ["extra"] } })
const asked = (method: string, path: string) => {
  const [name = "", query = ""] = path.split("?")
  return { method, path: name, query: new URLSearchParams(query) }
}
const request = (method: string, path: string, body?: unknown, type = "application/json") =>
  contract.request({ ...asked(method, path), body, type })
const response = (path: string, value: unknown, status = 200) =>
  contract.response({ ...asked("GET", path), status, body: JSON.stringify(value) })

describe("what an OpenAPI document says", () => {
  it("of requests: route, parameters and their types, body", () => {
    assert.deepStrictEqual(request("GET", "/films/1?deep=true&limit=5&kinds=a,b&apikey=x"), [])
    assert.deepStrictEqual(request("GET", "/film/1?deep=true"), ["there is no such route"])
    assert.deepStrictEqual(request("POST", "/films/1?deep=true"), ["there is no such route"])
    assert.deepStrictEqual(request("GET", "/films/1?deep=true&Limit=5"), ["there is no parameter Limit"])
    assert.deepStrictEqual(request("GET", "/films/1"), ["parameter deep is missing"])
    assert.deepStrictEqual(request("GET", "/films/1?deep=yes"), ["parameter deep must be boolean"])
    assert.deepStrictEqual(request("GET", "/films/x?deep=true"), ["parameter id must be integer"])
    assert.deepStrictEqual(request("GET", "/films/1?deep=true&deep=true"), ["parameter deep stands twice"])
    assert.match(request("GET", "/films/1?deep=true&kinds=a,c")[0] ?? "", /^parameter kinds must be equal to one/u)
    assert.deepStrictEqual(request("GET", "/films/1?deep=true", {}), ["takes no body"])
    assert.deepStrictEqual(request("PUT", "/films", { id: 1 }), [])
    assert.deepStrictEqual(request("PUT", "/films"), ["a body is missing"])
    assert.deepStrictEqual(request("PUT", "/films", { id: "1" }), ["body/id must be integer"])
    assert.strictEqual(request("PUT", "/films", { id: 1 }, "text/plain").length, 1)
  })

  it("of answers: status, schema, and no property beyond it", () => {
    const film = { id: 1, name: null, kind: "a", owner: "0123456789abcdef0123456789ABCDEF", at: "2026-01-01T00:00:00Z" }
    assert.deepStrictEqual(response("/films/1", { ...film, rank: 0.1, extra: [], nullable: true }), [])
    assert.deepStrictEqual(response("/films/1", { ...film, kind: null }), [])
    assert.deepStrictEqual(response("/films/1", {}), ["answer 200 must have required property 'id'"])
    assert.deepStrictEqual(response("/films/1", { id: 1, nmae: "x" }), [
      "answer 200 must NOT have additional properties: nmae"
    ])
    for (const wrong of [{ name: 1 }, { kind: "c" }, { owner: "x" }, { at: "today" }, { rank: 0 }, { id: null }]) {
      assert.isNotEmpty(response("/films/1", { ...film, ...wrong }), JSON.stringify(wrong))
    }
    assert.deepStrictEqual(response("/films/1", film, 201), ["answers an undocumented 201"])
    assert.deepStrictEqual(response("/films/1", film, 202), [])
    assert.deepStrictEqual(response("/films/1", film, 500), [])
    assert.isNotEmpty(response("/films/1", "c", 404))
    assert.deepStrictEqual(contract.response({ ...asked("GET", "/films/1"), status: 200, body: "<html>" }), [
      "answer 200 is no JSON"
    ])
  })

  it("of a path that is written out before one with a parameter, and of parts that make a whole", () => {
    assert.deepStrictEqual(response("/films/best", { title: "x", number: 1 }), [])
    assert.isNotEmpty(response("/films/best", { title: 1 }))
    assert.deepStrictEqual(response("/films/best", {}, 204), ["answers 204 with a body"])
  })
})
