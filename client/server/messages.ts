/** The requests and notifications of `server/protocol.ts` with the types of what they carry. */
import type {
  analyseCheckpoint,
  AnalyseParams,
  cancelAnalysis,
  CheckpointParams,
  clearCache,
  closeCheckpoint,
  focusMatrices,
  FocusParams,
  MatrixDetail,
  matrixDetail,
  MatrixParams,
  metricColumn,
  MetricColumn,
  MetricColumnParams,
  openCheckpoint,
  OpenParams,
  OpenResult,
  outlineLine,
  OutlineLineParams,
  outlineTensor,
  OutlineTensorParams,
  outlineText,
} from "../../server/protocol.ts";

export interface Requests {
  [openCheckpoint]: (params: OpenParams) => OpenResult;
  [analyseCheckpoint]: (params: AnalyseParams) => null;
  [cancelAnalysis]: (params: CheckpointParams) => null;
  [matrixDetail]: (params: MatrixParams) => MatrixDetail | null;
  [metricColumn]: (params: MetricColumnParams) => MetricColumn;
  [outlineText]: (params: CheckpointParams) => string;
  [outlineLine]: (params: OutlineLineParams) => number | null;
  [outlineTensor]: (params: OutlineTensorParams) => string | null;
  [clearCache]: (params: null) => number;
}

export interface Notifications {
  [closeCheckpoint]: CheckpointParams;
  [focusMatrices]: FocusParams;
}
