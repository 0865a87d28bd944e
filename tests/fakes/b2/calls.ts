export type BillingClass = "a" | "b" | "c"

/** Backblaze's price list: A is free, B and C are free for the first 2,500 a day each. */
export const billingClass = {
  b2_authorize_account: "c",
  b2_cancel_large_file: "a",
  b2_copy_file: "c",
  b2_copy_part: "c",
  b2_create_bucket: "c",
  b2_delete_bucket: "a",
  b2_delete_file_version: "a",
  b2_download_file_by_id: "b",
  b2_download_file_by_name: "b",
  b2_finish_large_file: "a",
  b2_get_download_authorization: "c",
  b2_get_file_info: "b",
  b2_get_upload_part_url: "a",
  b2_get_upload_url: "a",
  b2_hide_file: "a",
  b2_list_buckets: "c",
  b2_list_file_names: "c",
  b2_list_file_versions: "c",
  b2_list_parts: "c",
  b2_list_unfinished_large_files: "c",
  b2_start_large_file: "a",
  b2_update_bucket: "c",
  b2_upload_file: "a",
  b2_upload_part: "a"
} as const satisfies Record<string, BillingClass>

export type CallName = keyof typeof billingClass

export const isCallName = (value: string): value is CallName => Object.hasOwn(billingClass, value)

/** What a key must be allowed to do; calls that are not listed need nothing but a valid token. */
export const capabilityOf: Partial<Record<CallName, string>> = {
  b2_cancel_large_file: "writeFiles",
  b2_copy_file: "writeFiles",
  b2_copy_part: "writeFiles",
  b2_create_bucket: "writeBuckets",
  b2_delete_bucket: "deleteBuckets",
  b2_delete_file_version: "deleteFiles",
  b2_download_file_by_id: "readFiles",
  b2_download_file_by_name: "readFiles",
  b2_finish_large_file: "writeFiles",
  b2_get_download_authorization: "shareFiles",
  b2_get_file_info: "readFiles",
  b2_get_upload_part_url: "writeFiles",
  b2_get_upload_url: "writeFiles",
  b2_hide_file: "writeFiles",
  b2_list_buckets: "listBuckets",
  b2_list_file_names: "listFiles",
  b2_list_file_versions: "listFiles",
  b2_list_parts: "writeFiles",
  b2_list_unfinished_large_files: "listFiles",
  b2_start_large_file: "writeFiles",
  b2_update_bucket: "writeBuckets"
}

export const allCapabilities: ReadonlyArray<string> = [
  "listKeys",
  "writeKeys",
  "deleteKeys",
  "listBuckets",
  "writeBuckets",
  "deleteBuckets",
  "listFiles",
  "readFiles",
  "shareFiles",
  "writeFiles",
  "deleteFiles"
]
